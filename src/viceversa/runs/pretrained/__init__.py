"""Models that come with the package: a folder each, with the settings, a generator in half precision, its labeller, and a card.

NAME/   recipe.json             as in a run's folder
        generator.safetensors   float16; the metadata holds how many steps it was trained
        labeller.safetensors    as in a run's folder
        familiarity.safetensors as in a run's folder: what its training images are like
        card.md                 data, method, what was measured, license, limits
"""

from __future__ import annotations

from pathlib import Path

import safetensors
import safetensors.torch

from viceversa.core.method import Method
from viceversa.files import write_atomically

MODELS = ("avatars", "icons")
WEIGHTS = "generator.safetensors"


def packaged_folder(name: str) -> Path:
    """Where a packaged model is."""
    return Path(__file__).parent / name


def run_folder(run: str | Path) -> Path:
    """The folder of a run; of a packaged model where that is its name and there is no such run."""
    return packaged_folder(str(run)) if str(run) in MODELS and not (Path(run) / "recipe.json").exists() else Path(run)


def restore_generator(folder: Path, method: Method) -> int:
    """Loads a packaged model's generator into a method of its recipe, and returns how many steps it was trained."""
    path = folder / WEIGHTS
    weights = {key: value.float() for key, value in safetensors.torch.load_file(path).items()}
    method.networks["generator"].load_state_dict(weights)
    with safetensors.safe_open(path, "pt") as file:
        return int(file.metadata()["steps"])


def write_generator(method: Method, steps: int, path: Path) -> None:
    """Writes a trained method's generator in half precision, its discriminator left out."""
    weights = {key: value.half().contiguous() for key, value in method.networks["generator"].state_dict().items()}
    write_atomically(path, safetensors.torch.save(weights, {"steps": str(steps)}))
