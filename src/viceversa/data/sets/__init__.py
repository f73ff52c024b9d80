"""Data sets that are drawn or rendered here, with known truth."""
