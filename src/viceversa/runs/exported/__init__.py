"""Runs exported as ONNX files: opening them, and reading their metadata."""
