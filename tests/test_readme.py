"""README's lines do what README says, with fewer steps and images."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The code blocks of a language, made short."""
    found = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    for long, short in ((r"--steps 2000", "--steps 4"), (r"--until 1000", "--until 2"), (r"steps=2000", "steps=4"),
                        (r"--samples 500", "--samples 8"), (r"samples=500", "samples=8")):  # fmt: skip
        found = [re.sub(long, short, text) for text in found]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


def shell(line: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        line, shell=True, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


def test_the_set_up_lines_are_there() -> None:
    lines = [line.strip() for line in README.splitlines() if "python3 -m venv" in line]
    assert lines == [
        "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt . && .venv/bin/viceversa demo",
        "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e '.[dev]' && .venv/bin/pytest",
    ]


def test_the_commands(folder: Path) -> None:
    for line in blocks("bash")[0].splitlines():
        shell(line, folder)
        if line.startswith("viceversa data"):
            people = sorted((folder / "faces" / "images" / "test" / "avatars").iterdir())
            assert len(people) == 2000
            for image in people[3:]:
                image.unlink()
    assert len(list((folder / "translated").rglob("*.png"))) == 3
    assert {path.name for path in (folder / "report").iterdir()} == {"metrics.json", "report.html"}
    assert (folder / "runs" / "b" / "checkpoints" / "00000004").is_dir()
    assert Image.open(folder / "with-glasses" / "09000.png").size == (32, 32)


def test_python(folder: Path) -> None:
    using, own = blocks("python")
    shutil.copy(folder / "with-glasses" / "09000.png", folder / "face.png")
    shutil.copy(ROOT / "examples" / "mine.py", folder)
    checks = "\nassert image.size == (32, 32) and len(images) == 3 and len(report.rows) == 4 * 2 * 4 * 2"
    (folder / "using.py").write_text(using + checks)
    (folder / "own.py").write_text(own + "\nassert model.translate('face.png', 'glasses=yes').size == (32, 32)")
    assert "label" in shell(f"{sys.executable} using.py", folder)
    shell(f"{sys.executable} own.py", folder)


def test_what_it_points_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert len(links) >= 4
    assert all((ROOT / link.partition("#")[0]).exists() for link in links)
