"""Images that a model does not know: a part of docs/models.md.

python -m experiments.unknown_inputs
"""

from experiments.common import command
from experiments.unknown_inputs import distances

if __name__ == "__main__":
    command(distances.__doc__, distances.main)
