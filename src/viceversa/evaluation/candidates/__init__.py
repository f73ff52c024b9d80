"""Candidates of an evaluation: runs, Python functions, ONNX files, and images that another program translated."""
