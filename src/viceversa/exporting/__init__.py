"""Export models as ONNX files, which run without this package and without PyTorch."""
