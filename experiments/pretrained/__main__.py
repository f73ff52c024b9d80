"""The packaged models: the cards src/viceversa/runs/pretrained/avatars/card.md and src/viceversa/runs/pretrained/icons/card.md.

python -m experiments.pretrained train           avatars: three trainings, 90 minutes on one thread; an interrupted one goes on
python -m experiments.pretrained package         write the last generator into the package; some seconds
python -m experiments.pretrained measure         about ten minutes on two cores; writes results/pretrained-cpu.json

python -m experiments.pretrained train-icons     icons: about an hour on one thread
python -m experiments.pretrained package-icons   likewise
python -m experiments.pretrained measure-icons   a minute; writes results/icons-cpu.json
"""

from experiments.common import command
from experiments.pretrained.avatars import measure, package, train
from experiments.pretrained.icons import measure_icons, package_icons, train_icons

if __name__ == "__main__":
    command(__doc__, train, package, measure, train_icons, package_icons, measure_icons)
