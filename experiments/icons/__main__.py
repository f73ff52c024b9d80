"""Icons in five weights.

python -m experiments.icons parts            write the parts of a new version of the data set; some seconds
"""

from experiments.common import command
from experiments.icons import parts

if __name__ == "__main__":
    command(__doc__, parts.main)
