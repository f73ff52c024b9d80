"""Icons in five weights: `python -m experiments.icons`."""
