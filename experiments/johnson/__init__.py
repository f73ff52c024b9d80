"""Feed-forward style transfer beside optimization: `python -m experiments.johnson`."""
