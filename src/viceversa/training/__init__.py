"""Training: the step, the data loader, checkpoints, validation, and the training loop."""
