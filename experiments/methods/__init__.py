"""The methods compared: `python -m experiments.methods`."""
