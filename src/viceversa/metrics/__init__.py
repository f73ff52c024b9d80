"""Measures of translations: chains of them, distances, features, labellers, and the health of a training."""
