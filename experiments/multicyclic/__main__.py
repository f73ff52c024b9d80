"""Does the multicyclic loss pay at equal cost? plan.md says what is asked and how; the page will be docs/results/multicyclic.md.

python -m experiments.multicyclic cost                     operations of an update of each arm; about two minutes
python -m experiments.multicyclic choose --stage starts    settings, on validation images; then `terms`, then `rates`
python -m experiments.multicyclic train                    all arms; about eleven hours of a core
python -m experiments.multicyclic verdicts                 the four tests from the stored rows; some seconds
"""

from experiments.common import command
from experiments.multicyclic import choose, cost, train, verdicts

if __name__ == "__main__":
    command(__doc__, cost.main, choose.main, train.main, verdicts.main)
