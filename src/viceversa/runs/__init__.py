"""A run's folder: what it holds, and how it is read."""
