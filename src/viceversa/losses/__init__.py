"""Losses on journeys, one noun a file."""
