"""The face of one drawn person moves as that of another: a part of docs/video.md.

python -m experiments.face_off
"""

from experiments.common import command
from experiments.face_off import train

if __name__ == "__main__":
    command(train.__doc__, train.main)
