"""The packaged model `avatars`: the card src/viceversa/runs/pretrained/avatars/card.md.

python -m experiments.pretrained train       three trainings, about 90 minutes on one thread; an interrupted one goes on
python -m experiments.pretrained package     write the last generator into the package; some seconds
python -m experiments.pretrained measure     about ten minutes on two cores; writes results/pretrained-cpu.json
"""

from experiments.common import command
from experiments.pretrained.avatars import measure, package, train

if __name__ == "__main__":
    command(__doc__, train, package, measure)
