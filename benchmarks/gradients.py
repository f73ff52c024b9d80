"""Parity of precisions: the cosine between the gradients in bf16 and in fp32, for each phase of every recipe.

python -m benchmarks.gradients                        all recipes; about 20 minutes on one core with bf16
python -m benchmarks.gradients --recipes cyclegan     some recipes
python -m benchmarks.gradients --table                fill the table of docs/precision.md from the stored rows

Each recipe trains in fp32 on its own data. At some steps the gradients of all phases are taken twice for the same batch, weights
and draws, in fp32 and under autocast to bf16: without and with the multicyclic loss, whether or not the recipe has it. Published
settings train in fp32 and are not measured. Stored rows: results/gradients-cpu.json.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import tyro
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from benchmarks.common import RESULTS
from benchmarks.parity.comparison import phase_loss
from experiments.common import DOCS, fill_page, read_json, write_json
from viceversa.core.method import Method, Phase
from viceversa.core.space import Space
from viceversa.device import CPU
from viceversa.recipes import builder, dataset_of, recipe_named
from viceversa.recipes.packaged import EXTRA, PACKAGED
from viceversa.recipes.settings import Recipe
from viceversa.training.trainer import Trainer

STORED = RESULTS / "gradients-cpu.json"
PAGE = DOCS / "precision.md"
ENOUGH = 0.9
"""Least cosine at which a gradient counts as kept."""


Chain = Literal["none", "full", "rising"]
"""Without the multicyclic loss; with its full weights from the start; with weights that rise as in the recipe."""


@dataclass(frozen=True)
class Cosine:
    """Cosine of the gradients of a phase in fp32 and bf16, and the ratio of their lengths."""

    recipe: str
    step: int
    chain: Chain
    phase: str
    cosine: float
    length: float


@dataclass(frozen=True)
class Benchmark:
    """Measure gradients, store their cosines, and fill the page's table."""

    recipes: tuple[str, ...] = tuple(entry.name for entry in PACKAGED)
    steps: tuple[int, ...] = (0, 50, 200)
    threads: int = 1
    table: bool = False
    out: Path = STORED
    """JSON file of the rows; the page shows the stored ones"""


def gradient(method: Method, phase: Phase, trainer: Trainer, *, bf16: bool) -> Tensor:
    """Total gradient of a phase at the trainer's batch: one vector for all that the phase learns."""
    batch, draws = trainer.loader(trainer.step)
    memory = {name: each.state_dict() for name, each in method.memory.items()}
    torch.manual_seed(trainer.step)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = phase_loss(method, phase.name, batch, draws, trainer.progress(trainer.settings.steps))
    learned = [weight for name in phase.learns for weight in method.networks[name].parameters()]
    parts = torch.autograd.grad(loss, learned, allow_unused=True)
    for name, each in method.memory.items():
        each.load_state_dict(memory[name])
    return torch.cat([part.float().flatten() for part in parts if part is not None])


def rows(name: str, trainer: Trainer, versions: Mapping[Chain, Method]) -> Iterator[Cosine]:
    """The cosines at the trainer's step, of the method with each chain, at the same weights."""
    for chain, method in versions.items():
        method.networks.load_state_dict(trainer.method.networks.state_dict())
        for phase in method.phases:
            one, other = (gradient(method, phase, trainer, bf16=bf16).double() for bf16 in (False, True))
            cosine = (one @ other / (one.norm() * other.norm())).item()
            yield Cosine(name, trainer.step, chain, phase.name, round(cosine, 4), round((other.norm() / one.norm()).item(), 3))


def measured(name: str, steps: tuple[int, ...]) -> Iterator[Cosine]:
    """All cosines of a recipe."""
    recipe = recipe_named(name)
    dataset = dataset_of(recipe)
    with tempfile.TemporaryDirectory() as folder:
        AcceleratorState._reset_state(reset_partial_state=True)
        accelerator = Accelerator(cpu=True, mixed_precision="no", log_with="tensorboard", project_dir=folder)
        trainer = Trainer(Path(folder), builder(recipe), dataset, recipe.training, accelerator, CPU, "fp32", quiet=True)
        versions = {chain: built(recipe, chain, dataset.space) for chain in chains(recipe, trainer.method)}
        for step in steps:
            while trainer.step < step:
                trainer.one_step()
            yield from rows(name, trainer, versions)


def chains(recipe: Recipe[Any], method: Method) -> Iterator[Chain]:
    """The chains that the recipe can have."""
    yield "none"
    if any(phase.chained for phase in method.phases):
        yield "full"
        if recipe.multicycle.rise:
            yield "rising"


def built(recipe: Recipe[Any], chain: Chain, space: Space) -> Method:
    """Method of the recipe with the chain asked for; a recipe without a chain gets the usual one."""
    own = recipe.multicycle
    update = {"extra": (own.extra or EXTRA) if chain != "none" else (), "losses": own.losses if chain != "none" else None}
    multicycle = own.model_copy(update=update | ({} if chain == "rising" else {"rise": 0.0}))
    return builder(recipe.model_copy(update={"multicycle": multicycle}))(space)


def table(found: list[Cosine], steps: tuple[int, ...]) -> str:
    """Table with a row for each recipe, phase and chain; a cosine below ENOUGH is bold."""
    lines = [
        "| recipe | phase | chain | " + " | ".join(f"step {step}" for step in steps) + " |",
        "|---|---|---|" + "---|" * len(steps),
    ]
    for recipe, phase, chain in dict.fromkeys((each.recipe, each.phase, each.chain) for each in found):
        mine = {each.step: each.cosine for each in found if (each.recipe, each.phase, each.chain) == (recipe, phase, chain)}
        shown = [f"**{mine[step]:.3f}**" if mine[step] < ENOUGH else f"{mine[step]:.3f}" for step in steps if step in mine]
        lines.append(f"| `{recipe}` | {phase} | {chain} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main(asked: Benchmark) -> None:
    """Measure recipe by recipe, and keep the rows of each as soon as it is measured."""
    torch.set_num_threads(asked.threads)
    found = stored(asked.out)
    if not asked.table:
        for name in asked.recipes:
            started = time.monotonic()
            found = [each for each in found if each.recipe != name] + list(measured(name, asked.steps))
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
            about = {"torch": torch.__version__, "cpu_bf16": torch.backends.mkldnn.is_available()}
            write_json(asked.out, {"about": about}, map(asdict, found))
    print(table(found, asked.steps))
    if asked.out == STORED:
        fill_page(PAGE, {"gradients": table(found, asked.steps)})


def stored(path: Path) -> list[Cosine]:
    """The rows of a JSON file, none if there is no file."""
    return [Cosine(**each) for each in read_json(path)["rows"]] if path.exists() else []


if __name__ == "__main__":
    main(tyro.cli(Benchmark, description=__doc__))
