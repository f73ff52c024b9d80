"""recipe.json: settings come back as they were written, and what cannot be read is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.case import ALIKE, PHOTOS
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.recipes import RECIPES, builder
from viceversa.recipes.settings import Multicycle, Recipe, Training
from viceversa.runs.record import Record, changed_settings, read_record, write_record

ALL_KINDS = Space({"faces": ImageSpec(1, 8, 16, 1.0)}, (OneOf("hair", ("a", "b")), Binary("glasses"), Graded("tone", 3)))


def record(recipe: Recipe[Any], space: Space = PHOTOS) -> Record:
    return Record(recipe=recipe, dataset="noise-v1", space=space, build="mine:build", device="cpu", precision="fp32")


@pytest.mark.parametrize("space", [PHOTOS, ALIKE, ALL_KINDS], ids=["photos", "pair", "all kinds"])
@pytest.mark.parametrize("name", RECIPES)
def test_a_record_survives_the_round_trip(name: str, space: Space, tmp_path: Path) -> None:
    written = record(RECIPES[name](), space)
    write_record(tmp_path, written)
    read = read_record(tmp_path)
    assert read == written and not list(changed_settings(read, written))
    assert type(read.recipe.method) is type(RECIPES[name]().method)
    assert read.space == space and isinstance(read.space.attributes, tuple)
    assert Record.model_validate_json(read.model_dump_json()) == read


def test_settings_that_are_not_the_defaults_survive(tmp_path: Path) -> None:
    training = Training(
        steps=7, batch=3, seed=9, precision="bf16", decay="schneider", average=0.25, flip=True, shift=2, labeller=False
    )
    recipe = RECIPES["stargan"]().model_copy(
        update={"training": training, "multicycle": Multicycle(extra=(0.1, 1 / 3), losses=("cycle",), cut=True), "size": 64}
    )
    write_record(tmp_path, record(recipe))
    assert read_record(tmp_path).recipe == record(recipe).recipe
    assert read_record(tmp_path).recipe.multicycle.extra == (0.1, 1 / 3)


def test_a_method_of_ones_own_has_no_settings(tmp_path: Path) -> None:
    write_record(tmp_path, record(Recipe[None](name="own", method=None)))
    assert read_record(tmp_path).recipe.method is None


def test_a_recipe_that_was_read_builds_the_same_method(tmp_path: Path) -> None:
    """On the smallest space that takes it, so that the networks stay small."""
    recipe = RECIPES["multicyclic-limited"]()
    write_record(tmp_path, record(recipe))
    built, again = (builder(each)(PHOTOS) for each in (recipe, read_record(tmp_path).recipe))
    assert [list(phase.objective.terms) for phase in built.phases] == [list(phase.objective.terms) for phase in again.phases]
    shapes = [{name: value.shape for name, value in method.networks.state_dict().items()} for method in (built, again)]
    assert shapes[0] == shapes[1]


def test_differences_are_named_with_both_values() -> None:
    one = record(RECIPES["stargan"]())
    other = record(RECIPES["multicyclic"](), ALL_KINDS)
    found = {name: (old, new) for name, old, new in changed_settings(one, other)}
    assert found["recipe.name"] == ("stargan", "multicyclic")
    assert found["recipe.multicycle.extra"] == ((), (0.25, 0.125, 0.0625))
    assert found["space.images.photos.height"] == (8, None) and found["space.images.faces.height"][0] is None
    pixels = {f"space.images.{space}.{name}" for space in ("photos", "faces") for name in vars(ImageSpec(3, 8, 8))}
    assert set(found) == {"recipe.name", "recipe.multicycle.extra", "space.attributes"} | pixels


def changed(path: Path, *keys: str, value: object) -> None:
    """Sets one value of the JSON file."""
    content = json.loads(path.read_text())
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("format",), 2, "has format 2; this version of viceversa reads format 1"),
        (("recipe", "training", "steps"), "many", "steps"),
        (("recipe", "training", "stepz"), 7, "stepz"),
        (("recipe", "method", "width"), -3, "width"),
        (("space", "images"), [], "space"),
        (("precision",), None, "precision"),
        (("surprise",), 1, "surprise"),
        (("recipe", "method", "blocks"), 10**9, "blocks"),
        (("space", "images"), {}, "space.images"),
        (("space", "images", "photos", "height"), 0, "height"),
        (("space", "images", "photos", "width"), 2**31, "width"),
        (("space", "images", "photos", "bits"), 12, "bits"),
        (("space", "images", "photos", "background"), float("nan"), "background"),
        (("space", "attributes"), [{"name": "hair", "kind": "one-of", "choices": ["a", "a"]}], "two different choices"),
        (("space", "attributes"), [{"name": "tone", "kind": "graded", "steps": 1}], "2 to 1000 steps"),
        (("space", "attributes"), [{"name": "age", "kind": "graded", "low": 5, "high": 5}], "from a low to a high number"),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_value_is_named(keys: tuple[str, ...], value: object, said: str, tmp_path: Path) -> None:
    write_record(tmp_path, record(RECIPES["stargan"]()))
    changed(tmp_path / "recipe.json", *keys, value=value)
    assert said in refusal(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"format": 1}'], ids=["empty", "cut", "list", "bytes", "poor"]
)
def test_a_damaged_file_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_bytes(content)
    assert "is damaged, or from another version of viceversa" in refusal(tmp_path)


def test_a_record_of_another_format_with_other_fields_is_refused_as_such(tmp_path: Path) -> None:
    """A later version will have fields that this one does not know; what the user needs to hear is the format."""
    write_record(tmp_path, record(RECIPES["stargan"]()))
    changed(tmp_path / "recipe.json", "something new", value=1)
    changed(tmp_path / "recipe.json", "format", value=2)
    assert "has format 2" in refusal(tmp_path)


def test_no_run_is_no_run(tmp_path: Path) -> None:
    assert "there is no run in" in refusal(tmp_path)
    assert "there is no run in" in refusal(tmp_path / "nowhere")


def refusal(run: Path) -> str:
    """The one line with which the run is refused."""
    with pytest.raises(UsageError) as refused:
        read_record(run)
    message = str(refused.value)
    assert "\n" not in message and str(run) in message
    return message
