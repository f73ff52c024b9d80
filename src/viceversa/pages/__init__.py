"""HTML pages in one look, without scripts."""
