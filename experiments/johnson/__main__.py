"""Feed-forward style transfer beside optimization: a part of docs/style.md.

python -m experiments.johnson --runs RUN ... --photos PHOTO ... --style STYLE
"""

from experiments.common import command
from experiments.johnson import strip

if __name__ == "__main__":
    command(strip.__doc__, strip.main)
