"""A trained translator at work: on one image or many, at any size, inside a mask."""
