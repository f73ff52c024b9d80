"""Icons in five weights: the baselines of the page docs/results/icons.md.

python -m experiments.icons baselines        PSNR of what no network made; a minute
python -m experiments.icons parts            write the parts of a new version of the data set; some seconds
"""

from experiments.common import command
from experiments.icons import baselines, parts

if __name__ == "__main__":
    command(__doc__, baselines.main, parts.main)
