"""A small world for hostile input: data, runs that were trained on it, and what must not change whatever a command is given."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from PIL import Image

from viceversa.cli import main

TINY = [
    "--size",
    "8",
    "--batch",
    "2",
    "--training.no-labeller",
    "--training.precision",
    "fp32",
    "--method.width",
    "4",
    "--method.blocks",
    "1",
    "--method.critic-width",
    "4",
]
TO = {"stargan": ["--from", "hair=blond,glasses=no,age=30", "--to", "glasses=yes"], "cyclegan": ["--to", "old"]}
SCHEMA = {"hair": {"kind": "one-of", "choices": ["blond", "brown"]}, "age": {"kind": "graded", "low": 18, "high": 80}}


def mutations(examples: int) -> settings:
    """The same ones each time; a failing one is shown as it is, since each takes a while."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )


@dataclass(frozen=True)
class World:
    """root: with the folders `people` (data), `beside` (nobody's business), `made` (runs), `run`, `out` and `cache`."""

    root: Path
    capture: pytest.CaptureFixture[str]

    @property
    def run(self) -> Path:
        return self.root / "run"

    def renew(self, made: str = "stargan") -> None:
        """A fresh copy of a run, and no results."""
        for name in ("run", "out"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        shutil.copytree(self.root / "made" / made, self.run)

    def survives(self, *arguments: str, out: str) -> int:
        """The command ends with 0 or 2, or with 1 for numbers that are not finite; in at most one line that can be printed on
        a terminal, without a traceback, and without a change outside `out`. Returns the code."""
        before = contents(self.root, out)
        code = exit_code(*arguments, "--out", out)
        said = self.capture.readouterr()
        assert code in (0, 2) or ((code == 1 and "finite" in said.err + said.out) or " is nan" in said.err or " is inf" in said.err)
        assert "Traceback" not in said.err and "Warning" not in said.err, said.err
        assert all(letter.isprintable() or letter == "\n" for letter in said.out + said.err), said
        complaint = said.err.splitlines()[-1:] if code else []
        assert all(line.startswith("viceversa: ") for line in complaint), said.err
        assert contents(self.root, out) == before
        return code

    def translates(self, made: str = "stargan", image: str = "people/faces/0.png") -> int:
        return self.survives("translate", "run", image, *TO[made], "--overwrite", out="out")

    def resumes(self, made: str = "stargan") -> int:
        return self.survives("train", made, "--resume", "--until", "3", out="run")


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


def contents(root: Path, *but: str) -> dict[str, bytes]:
    """Every file, link and folder below the root, but for the cache and what lies in the named folders."""
    found = {}
    for place in root.iterdir():
        if place.name not in ("cache", *but):
            for path in (place, *place.rglob("*")):
                link, file = path.is_symlink(), path.is_file()
                found[str(path)] = str(path.readlink()).encode() if link else path.read_bytes() if file else b""
    return found


def people(folder: Path, count: int = 10) -> None:
    """A table with attributes of every kind and two spaces, and its images of 8 px."""
    (folder / "faces").mkdir(parents=True)
    generator = np.random.default_rng(0)
    rows = ["file,split,space,hair,glasses,age"]
    for number in range(count):
        pixels = generator.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "faces" / f"{number}.png")
        split = "train" if number < count - 4 else ("validation", "test")[number < count - 2]
        one = number % 2
        rows.append(
            f"faces/{number}.png,{split},{('old', 'young')[one]},{('blond', 'brown')[one]},{('yes', 'no')[one]},{20 + number}"
        )
    (folder / "table.csv").write_text("\n".join(rows) + "\n")
    (folder / "schema.json").write_text(json.dumps(SCHEMA))


def make_world(root: Path) -> None:
    """Both runs have checkpoints of step 1 and 2, and a third step to go."""
    people(root / "people")
    (root / "beside").mkdir()
    (root / "beside" / "notes.txt").write_text("mine")
    for recipe in ("stargan", "cyclegan"):
        often = ["--steps", "3", "--until", "2", "--training.checkpoint-every", "1"]
        often += ["--method.critic-layers", "1"] if recipe == "cyclegan" else []
        assert exit_code("train", recipe, "--data", "people", "--out", f"made/{recipe}", *TINY, *often) == 0


PIECES = [
    b"",
    b"\x00",
    b"\xff",
    b"\n",
    b'"',
    b",",
    b";",
    b"\x1b[31m",
    b"..",
    b"/",
    b"-1",
    b"nan",
    b"1e999",
    b"9" * 30,
    b"null",
    b"{",
    b"[",
]


@st.composite
def mutated(draw: st.DrawFn, original: bytes, most: int = 3) -> bytes:
    """Pieces cut out, doubled or put in, or bits flipped; at least once."""
    content = original
    for _ in range(draw(st.integers(1, most))):
        start, end = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        end = draw(st.sampled_from([start, min(start + 1, len(content)), end]))
        flipped = bytes(byte ^ draw(st.integers(1, 255)) for byte in content[start : start + 1])
        piece = draw(st.sampled_from([*PIECES, content[start:end] * 2, flipped]))
        content = content[:start] + piece + content[end:]
    return content


ODD: list[Any] = [
    None, True, -1, 0, 1, 2, 3, 300, 10**7, 10**30, -(10**30), 0.5, 1e308, float("nan"), float("inf"), "", "a", "..",
    "../../beside", "/", "a.b", "\x1b[31m", "<b>", "a\nb", "\ud800", "keys", "imported", "binary", "bf16", "label", "bilinear",
    [], {}, [None], ["a", "a"], ["cycle"], [0.5, 0.5], {"a": 1}, json.loads("[" * 60 + "]" * 60),
]  # fmt: skip


def _odd(value: Any) -> st.SearchStrategy[Any]:
    """Mostly of the value's own type, which gets deeper."""
    alike = [each for each in ODD if type(each) is type(value)]
    more = [value * 2, value[::-1]] if isinstance(value, list) else [not value] if isinstance(value, bool) else []
    return st.sampled_from([*alike, *more] or ODD) | st.sampled_from([*alike, *more] or ODD) | st.sampled_from(ODD)


@st.composite
def restructured(draw: st.DrawFn, original: str, kept: tuple[str, ...] = ()) -> Any:
    """A JSON value of which parts have odd values, other names, or are gone, once or twice; never the `kept` ones."""
    value = json.loads(original)
    for _ in range(draw(st.integers(1, 2))):
        places = [place for place in places_of(value) if place[1] not in kept]
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        match draw(st.sampled_from([*["value"] * 6, "remove", "rename", "add"])):
            case "value":
                holder[key] = deepcopy(draw(_odd(holder[key])))
            case "remove":
                del holder[key]
            case "rename" if isinstance(holder, dict):
                holder[str(draw(st.sampled_from(ODD)))] = holder.pop(key)
            case "add" if isinstance(holder, dict):
                holder[str(draw(st.sampled_from(ODD)))] = deepcopy(draw(st.sampled_from(ODD)))
            case _:
                holder.append(deepcopy(draw(st.sampled_from([*ODD, holder[key]]))))
    return value


def places_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each key or index with what holds it, at any depth."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places_of(value[key])
