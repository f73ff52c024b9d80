"""Report of an evaluation: rows, a table as text, and a page."""
