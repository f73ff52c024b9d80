"""Consistency of translated and stylized clips: `python -m experiments.video`."""
