"""A run as ONNX files: how they are opened, and what they say of themselves."""
