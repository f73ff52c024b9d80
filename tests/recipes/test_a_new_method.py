"""Adding a method is its file, one entry of the table, its contract case and a line of docs; a generator is a file and an entry.

As CONTRIBUTING.md says: done here in a copy of the tree, whose contract tests then run on the method, and whose command trains it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

METHOD = '''"""Nudge: StarGAN with an identity loss in place of the cycle.

@article{nobody2026nudge, title={Nudging}, author={Nobody}, year={2026}}
"""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict
from torch import nn
from tyro.conf import Fixed, Suppress

from viceversa.core.method import Method, Optimizer, Phase, to_labels
from viceversa.core.objective import Objective
from viceversa.core.plans import Retarget
from viceversa.core.schedules import Schedule, linear_decay
from viceversa.core.space import Space, Takes
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.classification import RealLabels, TargetLabels
from viceversa.losses.cycle import Identity
from viceversa.losses.gan import LeastSquares
from viceversa.networks.adapters import Classifying, Labeled
from viceversa.networks.generators import GENERATOR, GeneratorName, generator_named
from viceversa.networks.stargan import ClassifyingDiscriminator


class Nudge(BaseModel):
    """Settings of Nudge."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "labels"
    kind: Suppress[Fixed[Literal["nudge"]]] = "nudge"
    generator: GeneratorName = "pixelwise"
    width: int = 4


def build(space: Space, settings: Nudge = Nudge(), *, decay: Schedule = linear_decay) -> Method:
    """Nudge on labeled images."""
    network = generator_named(settings.generator, space.spec, space.spec, space.code_width, width=settings.width, blocks=1)
    generator = Labeled(network, space)
    critic = Classifying(ClassifyingDiscriminator(space.spec, space.label_width, width=settings.width))
    plan, gan = Retarget(space, translate=generator, discriminate=critic), LeastSquares()
    adam = Optimizer(1e-3, schedule=decay)
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "discriminator": critic}),
        optimizers={"generator": adam, "discriminator": adam},
        phases=(
            Phase("discriminator", ("discriminator",), plan, Objective(
                adversarial=(1, Discriminate(gan)), classification=(1, RealLabels(space)))),
            Phase("generator", ("generator",), plan, Objective(
                adversarial=(1, Fool(gan)), classification=(1, TargetLabels(space)), identity=(1, Identity()))),
        ),
        destination=to_labels(space),
    )
'''
GENERATOR = '''"""A generator of one convolution."""

import torch
from torch import nn

from viceversa.networks.blocks import with_planes


class Pixelwise(nn.Module):
    """(N, C, H, W), (N, columns) -> (N, C, H, W) in [-1, 1]."""

    def __init__(self, spec, columns, *, width, channels):
        super().__init__()
        self.colors = nn.Sequential(nn.Conv2d(spec.channels + columns, width, 1), nn.ReLU(), nn.Conv2d(width, channels, 1))

    def forward(self, image, label):
        return torch.tanh(self.colors(with_planes(image, label)))
'''
ENTRY = '    Entry("nudge", "Nudge on drawn faces: a method of a test.", "nudge"),\n'
CASE = '    Case("nudge", lambda space: nudge.build(space), PHOTOS, {0: 3}, {0: 3}),\n'
LINE = "| `nudge` | a method of a test | |\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copy")
    for name in ("src", "tests", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    shutil.copy(ROOT / "pyproject.toml", root)
    package = root / "src" / "viceversa"
    (package / "methods" / "nudge.py").write_text(METHOD)
    (package / "networks" / "pixelwise.py").write_text(GENERATOR)
    inserted(package / "recipes" / "packaged.py", "PACKAGED = (\n", ENTRY)
    table = package / "networks" / "generators.py"
    inserted(
        table, "from viceversa.networks.masked import MaskedGenerator\n", "from viceversa.networks.pixelwise import Pixelwise\n"
    )
    inserted(table, "GENERATORS: Mapping[str, OfLabels | OfImages] = {\n", '    "pixelwise": OfLabels(Pixelwise, blocks=False),\n')
    cases = root / "tests" / "contracts" / "cases.py"
    inserted(cases, "from viceversa.methods import ", "nudge, ")
    inserted(cases, "CASES = [\n", CASE)
    page = root / "docs" / "recipes.md"
    page.write_text(page.read_text() + LINE)
    return root


def inserted(path: Path, mark: str, text: str) -> None:
    """Inserts the text behind the mark, which is there once."""
    content = path.read_text()
    assert content.count(mark) == 1, mark
    path.write_text(content.replace(mark, mark + text))


def ran(root: Path, *arguments: str) -> str:
    """What Python says with these arguments, in the copy and on the copy's package."""
    paths = os.pathsep.join(str(root / name) for name in ("src", "tests"))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_contract_holds_and_the_page_has_it(copy: Path) -> None:
    chosen = "nudge or page or every_method"
    said = ran(copy, "-m", "pytest", "-n0", "-k", chosen, "tests/contracts/test_step.py", "tests/test_structure.py")
    assert "8 passed" in said, said


def test_the_command_lists_and_trains_it(copy: Path) -> None:
    assert "nudge" in ran(copy, "-m", "viceversa", "recipes")
    said = ran(
        copy, "-m", "viceversa", "train", "nudge", "--out", "run", "--size", "32", "--steps", "1", "--batch", "2",
        "--training.no-labeller", "--training.best", "none", "--method.generator", "masked",
    )  # fmt: skip
    assert "run: 1 steps" in said
