"""Data in the user's files: folders, tables, pairs, and the formats of known data sets."""
