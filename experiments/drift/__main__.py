"""How editors drift: the leaderboard of docs/drift.md.

python -m experiments.drift train        train the editors that the package does not have; 15 minutes on one thread
python -m experiments.drift walk         ten turns of every editor, and what is left of the images; 15 minutes on one thread
python -m experiments.drift entry REPORT/drift.json --what "..." --how "..."       one row of the leaderboard from a report
python -m experiments.drift page         the tables of docs/drift.md, from all results
"""

from experiments.common import command
from experiments.drift.page import entry, page
from experiments.drift.train import main as train
from experiments.drift.walk import main as walk

if __name__ == "__main__":
    command(__doc__, train, walk, entry, page)
