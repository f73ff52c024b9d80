"""The methods compared: the page docs/results/methods.md.

python -m experiments.methods train          train and measure every method; about three hours on two cores
python -m experiments.methods page           fill the page from the stored results; some seconds
"""

from experiments.common import command
from experiments.methods import page, train

if __name__ == "__main__":
    command(__doc__, train.main, page.main)
