"""From photographs to paintings and back: `python -m experiments.photos`."""
