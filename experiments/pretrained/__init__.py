"""The packaged model `avatars`: `python -m experiments.pretrained`."""
