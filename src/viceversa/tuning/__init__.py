"""Tuning: a search for better settings of a recipe, each try a training of its own, measured as `evaluate` measures."""

from typing import Literal

Equal = Literal["steps", "operations"]
"""What all trials of a search have in common: the number of steps, or that of arithmetic operations."""
