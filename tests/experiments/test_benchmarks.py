"""The benchmarks measure every case."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS / "methods"))

import comparison_tables  # noqa: E402


def test_the_page_of_methods_has_the_results() -> None:
    page = (comparison_tables.DOCS / "methods.md").read_text()
    known = json.loads((comparison_tables.DOCS / "methods.json").read_text())
    assert comparison_tables.with_tables(page) == page, "run benchmarks/methods/comparison_tables.py"
    assert known == json.loads(json.dumps(comparison_tables.summary()))
    assert all(found["met"] is not False for found in known.values())


def test_words_of_other_code_name_the_part_that_ran() -> None:
    """Networks, losses or the step; nobody is told that "the official code" agrees."""
    for name, found in json.loads((comparison_tables.DOCS / "methods.json").read_text()).items():
        proof = found["parity"].removeprefix("without the chain: ")
        assert proof.startswith("by hand in tests/") or ("networks" in proof and "stated again" in proof), name
    for page in sorted((BENCHMARKS.parent / "docs").rglob("*.md")):
        words = " ".join(page.read_text().split()).lower()
        for loose in ("official code agrees", "against the official code", "official code, largest"):
            assert loose not in words, f"{page.name}: say which part ran"
    page = (comparison_tables.DOCS / "methods.md").read_text()
    assert "The official training step ran for none" in " ".join(page.split()) and page.count("relgan † |") == 6


def test_digits_chosen_on_test_images_are_marked() -> None:
    """And the aim, which was for both ways of one training, is not called reached by two."""
    page = (comparison_tables.DOCS / "digits.md").read_text()
    chosen = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `") and "` †" in line}
    assert chosen == {"luminance", "loose-street", "polarity", "polarity-luminance"}
    assert "reached each way" not in page and "† Settings chosen on test images" in page


@pytest.mark.parametrize(("folder", "module"), [("photos", "photo_tables"), ("sketches", "summary")])
def test_a_page_has_its_results(folder: str, module: str) -> None:
    """In a process of its own: folders of benchmarks have modules of the same names."""
    asked = f"import {module} as written; page = written.PAGE.read_text(); assert written.with_tables(page) == page"
    done = subprocess.run([sys.executable, "-c", asked], cwd=BENCHMARKS / folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run benchmarks/{folder}/{module}.py: {done.stderr}"


def test_step_measures_every_case(tmp_path: Path) -> None:
    small = ["--methods", "multicyclic", "cyclegan", "--precisions", "bf16", "--sizes", "32", "--width", "4", "--batch", "2"]
    command = [sys.executable, str(BENCHMARKS / "step.py"), *small, "--seconds", "0.1", "--out", str(tmp_path / "step.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "failed" not in done.stdout
    results = json.loads((tmp_path / "step.json").read_text())["results"]
    assert [case["method"] for case in results] == ["multicyclic", "cyclegan"]
    assert all(case["steps"] >= 3 and 0 < case["fastest"] <= case["median"] <= case["slowest"] for case in results)
    assert all(case["images_per_second"] == 2000 / case["median"] and case["peak_mebibytes"] > 50 for case in results)


def test_loader_measures_many_files(tmp_path: Path) -> None:
    small = ["--parts", "scale", "--counts", "700", "--faces", "20", "--repeats", "1"]
    command = [sys.executable, str(BENCHMARKS / "loader.py"), *small, "--out", str(tmp_path / "loader.json")]
    subprocess.run(command, capture_output=True, text=True, check=True)
    (scale,) = json.loads((tmp_path / "loader.json").read_text())["scale"]
    assert [scale[name][0]["files_read"] for name in ("first build", "cache is there", "one file has changed")] == [700, 0, 1]


def test_video_measures_and_draws(tmp_path: Path) -> None:
    out, picture = tmp_path / "video.json", tmp_path / "video.png"
    command = [sys.executable, str(BENCHMARKS / "video.py"), "--frames", "12", "--styled", "2", "--evaluations", "4"]
    done = subprocess.run([*command, "--out", str(out), "--picture", str(picture)], capture_output=True, text=True, check=True)
    rows = json.loads(out.read_text())["rows"]
    assert len(rows) == 14 and len(done.stdout.splitlines()) > 14 and picture.stat().st_size > 10_000
    smoothed = [row["warping_error_dis"] for row in rows if "in its place: translated" in row["name"]]
    assert smoothed == sorted(smoothed, reverse=True)
