"""Losses, as functions of a journey: an image, its translations and its domains. Each file has one kind."""
