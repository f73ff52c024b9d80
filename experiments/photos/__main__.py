"""From photographs to paintings and back: the page docs/results/photos.md.

python -m experiments.photos pictures --photos DIR --out DATA                  the data; about ten minutes
python -m experiments.photos train --data DATA                                 two to three hours on two cores
python -m experiments.photos shown --data DATA --vgg16 FILE --sheets DIR       score published pictures; about a minute
python -m experiments.photos page                                              fill the page from the stored results; some seconds
"""

from experiments.common import command
from experiments.photos import page, pictures, shown, train

if __name__ == "__main__":
    command(__doc__, pictures.main, train.main, shown.main, page.main)
