"""Write a trained model into the package."""

from __future__ import annotations

from viceversa.data.sources import open_dataset
from viceversa.inference.familiarity import FILE, save_familiarity
from viceversa.inference.model import Model
from viceversa.metrics.labeller_training import save_labeller
from viceversa.runs.pretrained import packaged_folder
from viceversa.runs.published import WEIGHTS, write_weights
from viceversa.runs.record import write_record


def write_model(name: str, model: Model, steps: int) -> None:
    """Write the settings, the averaged generator, the labeller and the familiarity of a model into its folder of the package.

    Args:
        name: of the packaged model.
        model: the trained model.
        steps: number of steps of all its trainings.
    """
    folder, recipe = packaged_folder(name), model.record.recipe.model_copy(update={"init": None})
    dataset = open_dataset(recipe.data, recipe.size)
    write_record(folder, model.record.model_copy(update={"recipe": recipe}))
    write_weights(model.method, steps, folder / WEIGHTS, half=True)
    save_labeller(dataset, folder / "labeller.safetensors")
    save_familiarity(dataset, folder / FILE)
    print(sum(path.stat().st_size for path in folder.iterdir()), "bytes")
