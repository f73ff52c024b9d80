"""Several labeled sets in one training: the page docs/results/sets.md.

python -m experiments.sets
"""

from experiments.common import command
from experiments.sets import train

if __name__ == "__main__":
    command(train.__doc__, train.main)
