"""Which generator, which discriminator, and all methods on one edit: docs/results/generators.md, icons.md, methods.md.

python -m experiments.generators choose NAME ...     try settings on validation images (choose.py)
python -m experiments.generators cost                seconds of a step of each arm, on an idle machine; about 15 minutes
python -m experiments.generators operations          count the operations of generators and discriminators; some minutes
python -m experiments.generators floor               measure the baselines; some minutes
python -m experiments.generators train               train and measure every arm and seed that has no result; hours (plan.md)
python -m experiments.generators page                fill the pages from the stored results; with --runs DIR their pictures too
"""

from experiments.common import command
from experiments.generators import choose, cost, floor, operations, page, train

if __name__ == "__main__":
    command(__doc__, choose.main, cost.main, operations.main, floor.main, train.main, page.main)
