"""Digits across channels and sizes: `python -m experiments.digits`."""
