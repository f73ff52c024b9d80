"""Tuning: a search for better settings of a recipe, each try a training of its own, measured as `evaluate` measures."""
