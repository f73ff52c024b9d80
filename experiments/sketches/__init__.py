"""Coloring sketches: `python -m experiments.sketches`."""
