"""Benchmarks: speed, memory, parity with other projects, and a soak; one file a question, run as `python -m benchmarks.NAME`."""
