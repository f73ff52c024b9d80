"""Tuning: search for better settings of a recipe. Each trial is a training, measured in the same way as by `evaluate`."""

from typing import Literal

Equal = Literal["steps", "operations"]
"""What all trials of a search have in common: the number of steps, or the number of arithmetic operations."""
