"""The report of an evaluation: its rows, its table as text, its page."""
