"""Training: the step, the loader, checkpoints, and the loop around them."""
