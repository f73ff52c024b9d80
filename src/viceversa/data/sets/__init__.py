"""Data sets that are drawn or rendered by this package, with ground truth."""
