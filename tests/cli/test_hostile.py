"""Hostile input through the command line: mutated tables, images, recipes and runs end with 0 or 2, never with a traceback."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.hostile import TINY, World, mutated, mutations, restructured

KEPT = ("data", "compile")
"""Settings that may lead to other data, as drawn faces, and to a compiler: hours of work are no fault."""


def test_mutated_tables(world: World) -> None:
    """The table, what schema.json says of it, and both."""
    data = world.root / "people"
    files = {name: (data / name).read_bytes() for name in ("table.csv", "schema.json")}
    codes = set()

    @mutations(40)
    @given(table=st.just(files["table.csv"]) | mutated(files["table.csv"]), schema=st.just(b"") | mutated(files["schema.json"]))
    def attack(table: bytes, schema: bytes) -> None:
        shutil.rmtree("out", ignore_errors=True)
        (data / "table.csv").write_bytes(table)
        (data / "schema.json").write_bytes(schema or files["schema.json"])
        codes.add(world.survives("train", "stargan", "--data", "people", "--steps", "1", *TINY, out="out"))

    attack()
    for name, content in files.items():
        (data / name).write_bytes(content)
    assert codes == {0, 2}


def test_mutated_images(world: World) -> None:
    """Among those to train on, and those to translate."""
    path, codes = world.root / "people" / "faces" / "0.png", set()
    content = path.read_bytes()

    @mutations(30)
    @given(image=st.just(content) | mutated(content), skip=st.booleans())
    def attack(image: bytes, skip: bool) -> None:
        world.renew()
        path.write_bytes(image)
        codes.add(world.translates())
        shutil.rmtree("out", ignore_errors=True)
        skipping = ["--skip-bad"] if skip else []
        codes.add(world.survives("train", "stargan", "--data", "people", "--steps", "1", *skipping, *TINY, out="out"))

    attack()
    path.write_bytes(content)
    assert codes == {0, 2}


@pytest.mark.parametrize("made_by", ["stargan", "cyclegan"])
def test_recipes_of_other_values(world: World, made_by: str) -> None:
    original, codes = (world.root / "made" / made_by / "recipe.json").read_text(), set()

    @mutations(40)
    @given(recipe=restructured(original, KEPT))
    def attack(recipe: Any) -> None:
        world.renew(made_by)
        (world.run / "recipe.json").write_text(json.dumps(recipe))
        codes.add(world.translates(made_by))
        codes.add(world.resumes(made_by))

    attack()
    assert codes >= {0, 2}


OTHERS = [
    ("stargan", "recipe.method.width", 10**7), ("stargan", "recipe.method.width", 4096), ("stargan", "recipe.method.blocks", 10**7),
    ("stargan", "recipe.method.critic_width", 4096), ("cyclegan", "recipe.method.width", 4096), ("stargan", "recipe.size", -8),
    ("stargan", "space.images.images.channels", -1), ("stargan", "space.images.images.channels", 10**4),
    ("stargan", "space.images.images.height", 4096), ("stargan", "space.images.images.bits", 0), ("stargan", "space.images", {}),
    ("stargan", "space.attributes", []), ("stargan", "recipe.crop", -1), ("stargan", "recipe.training.average", float("nan")),
    ("stargan", "space.attributes.0.choices", []), ("stargan", "space.attributes.2.low", float("nan")),
    ("cyclegan", "space.images", {name: {"channels": 3, "height": 8, "width": 8} for name in ("a.b", "keys")}),
]  # fmt: skip


@pytest.mark.parametrize(("made_by", "place", "value"), OTHERS)
def test_recipes_that_ask_for_what_cannot_be(world: World, made_by: str, place: str, value: Any) -> None:
    """Refused, and before memory is taken for it."""
    world.renew(made_by)
    recipe = inner = json.loads((world.run / "recipe.json").read_text())
    *keys, last = (int(key) if key.isdigit() else key for key in place.split("."))
    for key in keys:
        inner = inner[key]
    inner[last] = value
    (world.run / "recipe.json").write_text(json.dumps(recipe))
    assert world.translates(made_by) == world.resumes(made_by) == 2


def test_recipes_of_other_bytes(world: World) -> None:
    original, codes = (world.root / "made" / "stargan" / "recipe.json").read_bytes(), set()

    @mutations(20)
    @given(recipe=mutated(original) | st.sampled_from([b"[" * 10**5, b"\xef\xbb\xbf" + original, b'{"format":' * 10**5]))
    def attack(recipe: bytes) -> None:
        world.renew()
        (world.run / "recipe.json").write_bytes(recipe)
        codes.add(world.translates())
        if b'"data": "/' in recipe:
            codes.add(world.resumes())

    attack()
    assert codes >= {0, 2}


def _damage(path: Path, how: str, place: int) -> None:
    """Does something to a file or folder of a run; `place` says where in it."""
    content = path.read_bytes() if path.is_file() else b""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    match how:
        case "cut":
            path.write_bytes(content[: place % (len(content) + 1)])
        case "flip":
            place %= len(content) or 1
            path.write_bytes(content[:place] + bytes(byte ^ 8 for byte in content[place : place + 1]) + content[place + 1 :])
        case "lines":
            path.write_bytes(content + (b"garbage\n", b"[1]\n", b'{"step": "a"}\n', b"[" * 10**5 + b"\n", b"\xff\n")[place % 5])
        case "folder":
            (path / "inner").mkdir(parents=True)
        case "link":
            path.symlink_to(("../beside/notes.txt", "../beside", "../beside/new", path.name, "/dev/zero")[place % 5])
        case "pipe":
            os.mkfifo(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and links")
def test_damaged_run_folders(world: World) -> None:
    """Files and folders that are gone, cut, changed, or other things; both commands read what is left."""
    made, codes = world.root / "made" / "stargan", set()
    paths = sorted(str(path.relative_to(made)) for path in made.rglob("*"))
    names = st.sampled_from([*(path for path in paths if not path.startswith("events/")), "events", ".lock"])
    ways = st.sampled_from(["gone", "cut", "flip", "lines", "folder", "link", "pipe"])
    damages = st.lists(st.tuples(names, ways, st.integers(0, 10**6)), min_size=1, max_size=3, unique_by=lambda damage: damage[0])

    @mutations(50)
    @given(damages=damages, resume=st.booleans())
    def attack(damages: list[tuple[str, str, int]], resume: bool) -> None:
        world.renew()
        for name, how, place in damages:
            if (world.run / name).parent.is_dir() and not (world.run / name).parent.is_symlink():
                _damage(world.run / name, how, place)
        codes.add(world.resumes() if resume else world.translates())

    attack()
    assert codes == {0, 2}


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and links")
@pytest.mark.parametrize("how", ["gone", "cut", "link", "pipe"])
def test_something_else_in_the_place_of_a_checkpoint(world: World, how: str) -> None:
    """The one before it is used, and what lies in the way of the next is removed, without opening it; a link is not followed."""
    world.renew()
    _damage(world.run / "checkpoints" / "00000002", how, 1)
    assert world.translates() == world.resumes() == 0
    assert sorted(path.name for path in (world.run / "checkpoints").iterdir() if path.is_dir()) == ["00000002", "00000003"]
