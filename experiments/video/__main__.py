"""Consistency of translated and stylized clips: a part of docs/video.md.

python -m experiments.video
"""

from experiments.common import command
from experiments.video import consistency_of_clips

if __name__ == "__main__":
    command(consistency_of_clips.__doc__, consistency_of_clips.main)
