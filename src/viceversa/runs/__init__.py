"""The folder of a run: what it contains, and how it is read."""
