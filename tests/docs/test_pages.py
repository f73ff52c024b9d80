"""The guides of the site: their commands run, their options exist, and their figures are those of the results."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

import processes
from viceversa.recipes import RECIPES, TABLE

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GUIDES = ("start", "choosing", "report", "processes", "troubleshooting")
TEXTS = {name: (DOCS / f"{name}.md").read_text("utf-8") for name in GUIDES}
README = (ROOT / "README.md").read_text("utf-8")
LAUNCH = "torchrun "


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.S)


def test_the_commands_of_the_guides_are_those_that_the_test_of_the_readme_runs() -> None:
    known = {line for block in blocks(README, "bash") for line in block.splitlines()}
    lines = [line for text in TEXTS.values() for block in blocks(text, "bash") for line in block.splitlines()]
    assert [line for line in lines if line not in known and not line.startswith(LAUNCH)] == [] and len(lines) > 8
    assert blocks(TEXTS["start"], "python") == blocks(README, "python")
    indented = {line.strip() for text in TEXTS.values() for line in text.splitlines() if line.startswith("    ")}
    installs = {line.strip() for line in README.splitlines() if "python3 -m venv" in line}
    assert {line for line in indented if not line.startswith("python -m experiments.")} <= installs


def test_the_command_for_many_processes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for number in range(48):
        path = tmp_path / "photos" / ["summer", "winter"][number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
    (line,) = blocks(TEXTS["processes"], "bash")
    small = "--steps 2 --batch 4 --method.width 4 --method.blocks 1 --method.critic-width 4 --training.no-labeller"
    launcher = "from torch.distributed.run import main\nmain()"
    done = processes.run(launcher, *shlex.split(line)[1:], *small.split(), cwd=tmp_path, variables=processes.environment())
    assert done.returncode == 0, done.stderr
    assert "2 processes" in (tmp_path / "runs" / "seasons" / "train.log").read_text()
    assert (tmp_path / "runs" / "seasons" / "checkpoints" / "00000002").is_dir()


def settings(model: BaseModel, prefix: str = "") -> dict[str, object]:
    """All settings by their dotted names."""
    found: dict[str, object] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        found |= settings(value, f"{prefix}{name}.") if isinstance(value, BaseModel) else {f"{prefix}{name}": value}
    return found


@pytest.mark.parametrize("name", GUIDES)
def test_the_settings_that_a_guide_names_exist(name: str) -> None:
    known = {f"--{key.replace('_', '-')}" for recipe in RECIPES.values() for key in settings(recipe())}
    named = set(re.findall(r"--(?:method|training)\.[\w.-]*\w", TEXTS[name]))
    assert named <= known


def test_the_table_of_methods_has_the_figures_of_the_results() -> None:
    results = (DOCS / "results" / "methods.md").read_text("utf-8").partition("**glasses to plain**")[0]
    measured = {
        name: (int(steps.replace(",", "")), psnr)
        for name, steps, psnr in re.findall(r"^\| `([\w-]+)` \| ([\d,]+) \| \d \| ([\d.]+) \(", results, re.M)
    }
    shown = re.findall(r"^\| `([\w-]+)` \| .* \| ([\d.]+) \| ([\d.]+) \| \[picture\]\(#([\w-]+)\) \|$", TEXTS["choosing"], re.M)
    assert {name for name, *_ in shown} == measured.keys() and len(shown) == 15
    for name, cost, psnr, picture in shown:
        steps, own = measured[name]
        assert (cost, psnr) == (f"{measured['cyclegan'][0] / steps:.1f}", own), name
        assert picture == name and f"(results/methods/{name}.webp)" in TEXTS["choosing"]


def test_every_packaged_method_is_in_the_guide_to_methods() -> None:
    named = set(re.findall(r"`([\w-]+)`", TEXTS["choosing"]))
    assert {entry.method for entry in TABLE} == {entry.method for entry in TABLE if entry.name in named}
