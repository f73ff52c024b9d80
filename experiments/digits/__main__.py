"""Digits across channels and sizes: the page docs/results/digits.md.

python -m experiments.digits hardness --mnist DIR        how far the two sets are apart; three minutes on one core
python -m experiments.digits train --mnist DIR           train and measure a translator; about 100 minutes on two cores
"""

from experiments.common import command
from experiments.digits import hardness, train

if __name__ == "__main__":
    command(__doc__, hardness.main, train.main)
