"""Data sets: their sources, one per file, and the cache of packed images."""
