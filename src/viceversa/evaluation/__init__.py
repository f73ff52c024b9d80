"""Evaluation: quality of a model's translations after several earlier translations of the same image."""
