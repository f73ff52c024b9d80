"""What the multicyclic loss does: `python -m experiments.multicyclic_first`."""
