"""Evaluation: what is left of an image after it has been translated again and again."""
