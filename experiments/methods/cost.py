"""Cost of a training step of a run's recipe: forwards in images per image of a batch, operations, milliseconds, and memory.

python -m experiments.methods.cost RUN          prints JSON; under a minute; in a process of its own, because of its memory
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from torch import Tensor, nn

from viceversa.core.method import Method
from viceversa.data.dataset import Dataset
from viceversa.device import CPU, peak_memory
from viceversa.recipes import builder, dataset_of
from viceversa.runs.record import read_record
from viceversa.training.processes import accelerator_for
from viceversa.training.samples import samples
from viceversa.training.trainer import Trainer
from viceversa.tuning.operations import operations

PERIOD, TIMED = 12, 24
"""Steps over which forwards are averaged, so that every phase has its turns; and steps that are timed."""


def main() -> None:
    """Print one line of JSON."""
    record = read_record(Path(sys.argv[1]))
    recipe, dataset = record.recipe, dataset_of(record.recipe)
    before = peak_memory() / 2**20
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            Path(folder), builder(recipe), dataset, recipe.training, accelerator_for(folder), CPU, record.precision, True
        )
        made = _rows(_translators(trainer.method, dataset), trainer) / (PERIOD * recipe.training.batch)
        judged = _rows(_judges(trainer.method), trainer) / (PERIOD * recipe.training.batch)
        seconds = []
        for _ in range(TIMED):
            started = time.perf_counter()
            trainer.one_step()
            seconds.append(time.perf_counter() - started)
    memory, work = peak_memory() / 2**20 - before, operations(recipe, dataset)
    facts = {
        "generator_forwards": round(made, 3), "discriminator_forwards": round(judged, 3), "operations": work,
        "milliseconds": round(1000 * statistics.mean(seconds), 1), "megabytes": round(memory),
    }  # fmt: skip
    print(json.dumps(facts))


def _rows(modules: Iterable[nn.Module], trainer: Trainer) -> int:
    """Number of images that pass through the modules in PERIOD steps; a module inside another one is not counted again."""
    rows, inside = 0, 0

    def enter(module: nn.Module, inputs: object) -> None:
        nonlocal inside
        inside += 1

    def leave(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
        nonlocal rows, inside
        inside -= 1
        rows += 0 if inside else len(inputs[0])

    hooks = [hook for each in modules for hook in (each.register_forward_pre_hook(enter), each.register_forward_hook(leave))]
    for _ in range(PERIOD):
        trainer.one_step()
    for hook in hooks:
        hook.remove()
    return rows


def _translators(method: Method, dataset: Dataset) -> list[nn.Module]:
    """Parts of the translator whose outputs are whole images, found by translating some."""
    found: dict[int, nn.Module] = {}
    shapes = {spec.shape for spec in dataset.space.images.values()}

    def look(module: nn.Module) -> Callable[..., None]:
        def seen(_: nn.Module, inputs: object, output: object) -> None:
            if isinstance(output, Tensor) and tuple(output.shape[1:]) in shapes:
                found[id(module)] = module

        return seen

    hooks = [module.register_forward_hook(look(module)) for module in method.translator.modules()]
    samples(method, dataset, 0, people=2)
    for hook in hooks:
        hook.remove()
    return list(found.values())


def _judges(method: Method) -> list[nn.Module]:
    networks = [network for name, network in method.networks.items() if name.startswith("discriminator")]
    return [each for network in networks for each in (network if isinstance(network, nn.ModuleList) else [network])]


if __name__ == "__main__":
    main()
