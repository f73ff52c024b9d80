"""Metrics of translations: chains, distances, features, labellers, and signs of a training that goes wrong."""
