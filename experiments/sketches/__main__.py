"""Coloring sketches: the page docs/results/sketches.md.

python -m experiments.sketches baselines     measures of colorings without a network; about a minute
python -m experiments.sketches train         train and measure translators; one to two hours on two cores
python -m experiments.sketches page          fill the page from the stored results; some seconds
python -m experiments.sketches drawings      write the parts of a new version of the data set; half a minute
"""

from experiments.common import command
from experiments.sketches import baselines, drawings, page, train

if __name__ == "__main__":
    command(__doc__, baselines.main, train.main, page.main, drawings.main)
