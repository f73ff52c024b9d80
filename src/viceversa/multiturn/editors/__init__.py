"""Editors: whatever edits an image as asked, behind one call."""
