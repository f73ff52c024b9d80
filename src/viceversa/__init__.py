"""Viceversa: train image-to-image translators and measure what is left after repeated translation."""
