"""Parity with reference projects: one file a method, run as `python -m benchmarks.parity`."""
