"""What the multicyclic loss does: the page docs/results/multicyclic.md.

python -m experiments.multicyclic_first choose          the learning rate of all arms; about 25 minutes on two cores
python -m experiments.multicyclic_first train           train and measure the arms; about five hours on two cores
python -m experiments.multicyclic_first cost            operations of a step of each arm; about two minutes
python -m experiments.multicyclic_first kernel-scale    the size of the kernel distance; a minute
python -m experiments.multicyclic_first page            fill the page from the stored results; some seconds
"""

from experiments.common import command
from experiments.multicyclic_first import choose, cost, kernel_scale, page, train

if __name__ == "__main__":
    command(__doc__, choose.main, train.main, cost.main, kernel_scale.main, page.main)
