"""Consistency of translated and stylized clips: a part of docs/video.md.

python -m experiments.video
"""

from experiments.common import command
from experiments.video import clips

if __name__ == "__main__":
    command(clips.__doc__, clips.main)
