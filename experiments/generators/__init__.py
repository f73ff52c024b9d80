"""Which generator and which discriminator: `python -m experiments.generators`."""
