"""Images that a model does not know: `python -m experiments.unknown_inputs`."""
