"""A face that moves as that of another person: `python -m experiments.face_off`."""
