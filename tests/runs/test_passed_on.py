"""Models in the form that is passed on: each method translates as before, and what does not fit is refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

import viceversa as vv
from contracts.case import Case
from contracts.cases import CASES
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.method import Method
from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.inference.apply import translated
from viceversa.runs.published import WEIGHTS, passed_on, restored, write_weights

STORED = Path(__file__).parents[1] / "golden" / "format-1" / "run"
JUDGING = ("discriminator", "discriminators", "discriminator_of_codes")


def legs(space: Space, method: Method) -> list[tuple[Domain, Domain]]:
    """A translation to every space that the method reaches."""
    if not space.attributes:
        first, second = map(Domain, space.pair)
        return [(first, second), (second, first)] if method.returns else [(first, second)]
    drawn = [[space.widened(space.part(name).draw(2, seeded(name, k)), name) for k in range(2)] for name in space.images]
    return [(Domain(name, here), Domain(name, there)) for name, (here, there) in zip(space.images, drawn, strict=True)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_method_translates_as_before_without_its_discriminators(case: Case, tmp_path: Path) -> None:
    method, other = case.method(), case.build(case.space)
    for each in (method, other):
        each.networks.eval()
    write_weights(method, 7, tmp_path / WEIGHTS)
    again, steps = restored(tmp_path / WEIGHTS, other)
    assert steps == 7 and set(passed_on(method)) == {*again.networks} == {*method.networks} - {*JUDGING}
    for here, there in legs(case.space, method):
        images = torch.rand(2, *case.space.images[here.space].shape, generator=seeded("images")) * 2 - 1
        references = [None, images[:1]] if case.name == "stargan2" else [None]
        for reference in references:
            one, two = (translated(each, images, here, there, reference=reference, seed=3) for each in (method, again))
            assert torch.equal(one, two)
    assert passed_on(again) == tuple(again.networks), "what was passed on can be passed on again"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small run as it is passed on."""
    place = tmp_path / "given"
    place.mkdir()
    for name in ("recipe.json", "familiarity.safetensors"):
        shutil.copy(STORED / name, place)
    write_weights(vv.load(STORED, device="cpu").method, 5, place / WEIGHTS)
    return place


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_a_folder_is_loaded_by_its_name(folder: Path) -> None:
    model = vv.load(folder)
    assert (model.name, model.step, model.run, [*model.method.networks]) == ("given", 5, None, ["generator"])


def wide(folder: Path) -> None:
    changed(folder / "recipe.json", lambda value: value["recipe"]["method"].update(width=4))


def huge(folder: Path) -> None:
    """Discriminators are not in the file: what they would take has to be refused before it is taken."""
    changed(folder / "recipe.json", lambda value: value["recipe"]["method"].update(critic_width=4096))
    changed(folder / "recipe.json", lambda value: value["space"]["images"]["avatars"].update(height=1024, width=1024))


def unknown(folder: Path) -> None:
    changed(folder / "recipe.json", lambda value: value["recipe"]["method"].update(kind="../../os.system"))


def deep(folder: Path) -> None:
    (folder / "recipe.json").write_text('{"format": 1, "recipe": ' + "[" * 100_000)


def long(folder: Path) -> None:
    (folder / "recipe.json").write_bytes(b" " * 5_000_000)


def pickled(folder: Path) -> None:
    torch.save({"generator.weight": torch.zeros(1)}, folder / WEIGHTS)


def halved(folder: Path) -> None:
    stored = safetensors.torch.load_file(folder / WEIGHTS)
    safetensors.torch.save_file(dict([*stored.items()][::2]), folder / WEIGHTS, {"steps": "5"})


def endless(folder: Path) -> None:
    stored = safetensors.torch.load_file(folder / WEIGHTS)
    safetensors.torch.save_file(stored, folder / WEIGHTS, {"steps": "9" * 5000})


def infinite(folder: Path) -> None:
    stored = safetensors.torch.load_file(folder / WEIGHTS)
    stored = {name: value / 0 for name, value in stored.items()}
    safetensors.torch.save_file(stored, folder / WEIGHTS, {"steps": "5"})


def heavy(folder: Path) -> None:
    with (folder / "labeller.safetensors").open("wb") as file:
        file.truncate(2**26 + 1)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (wide, "this method has no weight"), (huge, "it lacks .* weights"), (unknown, "recipe.method"), (deep, "recursion limit"),
        (long, "the most is 4,194,304"), (pickled, "cannot read the checkpoint file"), (halved, "it lacks generator"),
        (endless, "how many steps"), (infinite, "not finite"), (heavy, "labeller.safetensors of"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line(damage: Callable[[Path], None], said: str, folder: Path) -> None:
    damage(folder)
    with pytest.raises(UsageError, match=said) as refused:
        vv.load(folder)
    assert str(refused.value).count("\n") == 0
