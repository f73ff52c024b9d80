"""Data in files of your own: folders, tables, pairs, and the formats of known data sets."""
