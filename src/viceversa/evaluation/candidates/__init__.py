"""What can be measured: runs, Python functions, ONNX files, and images that were translated elsewhere."""
