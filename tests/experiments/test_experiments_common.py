"""What all experiments share, and what all experiments, benchmarks and pictures of the docs have to be."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments import common

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = sorted(path.parent for path in (ROOT / "experiments").glob("*/__main__.py"))
BENCHMARKS = sorted(path for path in (ROOT / "benchmarks").rglob("*.py") if 'if __name__ == "__main__"' in path.read_text())
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST_BYTES = 200_000
"""Size of a picture or clip of the docs, at most."""


def test_a_run_is_trained_then_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the experiment's settings at first; a run that is there has its own."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(common.vv, "train", lambda what, **how: calls.append({"what": what, **how}))
    monkeypatch.setattr(common.vv, "load", lambda run, **how: (run, how))
    loaded = common.trained("cyclegan", tmp_path, steps=3, precision="fp32")
    (tmp_path / "recipe.json").touch()
    common.trained(print, tmp_path, until=2, steps=3)
    assert loaded == (tmp_path, {"build": None, "checkpoint": "last"})
    assert calls[0] == {"what": "cyclegan", "out": tmp_path, "until": None, **common.TRAINING, "steps": 3, "precision": "fp32"}
    assert calls[1] == {"what": print, "out": tmp_path, "until": 2, "resume": True}


def test_a_page_is_filled_between_its_marks() -> None:
    page = "a\n<!-- one -->\nold\n<!-- end of one -->\nb\n<!-- two -->\n<!-- end of two -->\n"
    done = common.filled(page, {"one": common.table(("x", "y"), [["1", "2"]]), "two": "text\n"})
    one, two = "\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n\n", "\n\ntext\n\n"
    assert done == f"a\n<!-- one -->{one}<!-- end of one -->\nb\n<!-- two -->{two}<!-- end of two -->\n"
    assert common.filled(done, {"two": "text"}) == done
    with pytest.raises(ValueError, match="does not have <!-- three --> and <!-- end of three --> once each"):
        common.filled(page, {"three": ""})


def test_a_result_says_where_it_was_measured(tmp_path: Path) -> None:
    common.write_result(tmp_path / "new" / "a.json", {"steps": 3}, [{"k": 0}, {"k": 1}])
    text = (tmp_path / "new" / "a.json").read_text()
    found = json.loads(text)
    assert found["steps"] == 3 and found["rows"] == [{"k": 0}, {"k": 1}] and '{"k": 0},\n{"k": 1}\n' in text
    assert set(found["environment"]) == {"viceversa", "torch", "python", "processor", "threads"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"], "no half of a file is left"


def test_pictures_are_compressed_for_the_page_that_shows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without loss if they are small then; what the page does not show stays where it is."""
    monkeypatch.setattr(common, "DOCS", tmp_path)
    results, page = tmp_path / "faces" / "results", tmp_path / "faces.md"
    page.write_text("![a](results/faces/128/small.webp) [b](results/faces/clip.mp4) ![c](results/faces/missing.webp)")
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3)).astype(np.uint8)
    (results / "128").mkdir(parents=True)
    for name, pixels in (("128/small", noise[:50]), ("hidden", noise[:50])):
        Image.fromarray(pixels).save(results / f"{name}.png")
    (results / "clip.mp4").write_bytes(b"clip")
    common.show(results, page)
    shown = tmp_path / "results" / "faces"
    assert {str(path.relative_to(shown)) for path in shown.rglob("*.*")} == {"128/small.webp", "clip.mp4"}
    with Image.open(shown / "128" / "small.webp") as picture:
        assert np.array_equal(np.asarray(picture.convert("RGB")), noise[:50])
    large = np.repeat(np.repeat(noise, 3, 0), 3, 1)[:400, :400]
    common.save_webp(Image.fromarray(large), tmp_path / "large.webp")
    with Image.open(tmp_path / "large.webp") as picture:
        distance = np.abs(np.asarray(picture.convert("RGB")).astype(int) - large).mean()
        assert picture.size == (400, 400) and (distance == 0) == ((tmp_path / "large.webp").stat().st_size <= common.MOST_BYTES)


@pytest.mark.parametrize("folder", EXPERIMENTS, ids=lambda folder: folder.name)
def test_an_experiment_says_what_it_is_and_how_it_runs(folder: Path) -> None:
    """Its page is there, and its command is in its words and on the page."""
    told = ast.get_docstring(ast.parse((folder / "__main__.py").read_text())) or ""
    command = f"python -m experiments.{folder.name}"
    page = re.search(r"(docs|src)/[\w/]+\.md", told)
    assert command in told and page and (ROOT / page[0]).is_file()
    every = told + "".join(ast.get_docstring(ast.parse(path.read_text())) or "" for path in folder.glob("[!_]*.py"))
    assert re.search(r"minute|hour|second", every), "it says how long it takes"
    assert page[0].startswith("src") or command in (ROOT / page[0]).read_text()


def module_of(path: Path) -> str:
    """The name by which Python runs a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")


@pytest.mark.parametrize("path", BENCHMARKS, ids=module_of)
def test_a_benchmark_says_what_it_is_and_how_it_runs(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert f"python -m {module_of(path)}" in told and re.search(r"minute|second", told)


def test_no_module_looks_for_others_in_its_own_folder() -> None:
    for path in [*(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "experiments").rglob("*.py")]:
        of_a_reference = path.parent.name in ("parity", "versus")
        assert "sys.path" not in path.read_text() or of_a_reference, "only a reference's checkout is put there"


def test_every_picture_is_shown_and_every_shown_one_is_there() -> None:
    linked = re.compile(r"\]\(([^):]+\.(?:png|webp|mp4|json))\)")
    links = {(page.parent / link).resolve() for page in PAGES for link in linked.findall(page.read_text())}
    assert not [path for path in links if not path.is_file()]
    pictures = {path for kind in ("png", "webp", "mp4") for path in (ROOT / "docs").rglob(f"*.{kind}")}
    assert pictures <= links and len(pictures) > 40, sorted(pictures - links)
    assert not [path for path in pictures if path.stat().st_size > MOST_BYTES]
