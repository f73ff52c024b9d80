"""Inference: translation of one or many images with a trained model, at any size, with masks."""
