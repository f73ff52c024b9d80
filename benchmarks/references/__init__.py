"""Comparisons with the reference projects, a file a method."""
