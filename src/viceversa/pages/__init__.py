"""HTML pages with a common style and without scripts."""
