"""Several labeled sets in one training: `python -m experiments.sets`."""
