"""The experiments behind docs/results: one package a page, on one `common.py`, run as `python -m experiments.NAME`."""
