"""The lines of README and of docs/recipes.md do what these pages say, with fewer steps and images."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import processes
from viceversa.cli import main
from viceversa.cli.demo import show_pretrained
from viceversa.metrics import labeller_training

ROOT = Path(__file__).resolve().parents[1]
README, RECIPES = ((ROOT / name).read_text() for name in ("README.md", "docs/recipes.md"))
SHORTER = (
    (r"(--steps|steps=)( ?)20000", r"\g<1>\g<2>6"), (r"(--steps|steps=)( ?)2000", r"\g<1>\g<2>4"), (r"--until 1000", "--until 2"),
    (r"(--samples |samples=)\d+", r"\g<1>8"), (r"(train (?!.*--steps|.*--resume).*)", r"\g<1> --steps 4"),
    (r"(evaluate (?!.*--samples).*)", r"\g<1> --samples 8"),
)  # fmt: skip
"""What makes the lines of a page short."""


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a language, made short."""
    found = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    for long, short in SHORTER if language == "bash" else SHORTER[:4]:
        found = [re.sub(long, short, text) for text in found]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has: the demo's faces, photographs of two seasons, and faces with a table."""
    place = tmp_path_factory.mktemp("readme")
    show_pretrained(place / "viceversa-demo")
    shutil.copytree(place / "viceversa-demo" / "faces", place / "faces")
    shutil.copy(place / "faces" / "9000.png", place / "face.png")
    random = np.random.default_rng(0)
    with (place / "faces" / "table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "glasses", "hair"])
        for number in range(30):
            _picture(random, place / "faces" / f"{number}.jpg", 35, number)
            table.writerow([f"{number}.jpg", ["yes", "no"][number % 2], ["black", "blond", "brown"][number % 3]])
    shutil.copy(place / "faces" / "0.jpg", place / "face.jpg")
    for number in range(48):
        _picture(random, place / "photos" / ["summer", "winter"][number % 2] / f"{number}.jpg", 40, number)
    _picture(random, place / "picture.jpg", 45, 0)
    return place


def _picture(random: np.random.Generator, path: Path, side: int, kind: int) -> None:
    """Noise in the color of its kind, which a classifier learns at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    small = random.integers(0, 60, (6, 8, 3), dtype=np.uint8)
    small[..., 0] += 150 * (kind % 2)
    small[..., 1:] += np.array([[150, 0], [0, 150], [150, 150]], np.uint8)[kind % 3]
    Image.fromarray(small).resize((side * 4 // 3, side), Image.Resampling.BICUBIC).save(path)


def command(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a line as the shell would, without the seconds that another process takes to start."""
    monkeypatch.chdir(folder)
    program, *arguments = shlex.split(line)
    assert program == "viceversa"
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0, line


def script(text: str, folder: Path) -> str:
    """Runs lines of Python as a script in another process; returns what it printed."""
    done = processes.run(text, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_set_up_lines_are_there() -> None:
    lines = [line.strip() for line in README.splitlines() if "python3 -m venv" in line]
    assert lines == [
        "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt . && .venv/bin/viceversa demo",
        "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e '.[dev]' && .venv/bin/pytest",
    ]


def test_it_is_short_and_promises_nothing_that_is_not_there() -> None:
    assert len(README.split()) <= 750
    assert "pip install viceversa" not in README and "serve" not in README.lower()


def test_the_commands_on_your_own_pictures_and_the_python_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 8)  # the classifiers are not what is looked at
    packaged, seasons, attributes = blocks(README, "bash")
    for line in [*packaged.splitlines(), *seasons.splitlines(), *attributes.splitlines()]:
        command(line, folder, monkeypatch)
    assert len(list((folder / "edited").rglob("*.png"))) == 4
    assert Image.open(folder / "winter.png").size == Image.open(folder / "picture.jpg").size
    assert (folder / "runs" / "seasons" / "checkpoints" / "00000006").is_dir()
    assert (folder / "report" / "report.html").is_file()
    assert Image.open(folder / "with-glasses.png").size == Image.open(folder / "face.jpg").size
    (using,) = blocks(README, "python")
    checks = "\nassert image.size == (64, 64) and len(chain) == 3 and report.rows"
    assert "perceptual" in script(using + checks, folder)


def test_the_tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in blocks(RECIPES, "bash")[0].splitlines():
        command(line, tmp_path, monkeypatch)
        if line.startswith("viceversa data"):
            people = sorted((tmp_path / "faces" / "images" / "test" / "avatars").iterdir())
            assert len(people) == 2000
            for image in people[3:]:
                image.unlink()
    assert len(list((tmp_path / "translated").rglob("*.png"))) == 3
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"metrics.json", "report.html"}
    assert (tmp_path / "runs" / "b" / "checkpoints" / "00000004").is_dir()
    assert Image.open(tmp_path / "with-glasses" / "09000.png").size == (32, 32)
    shutil.copy(tmp_path / "with-glasses" / "09000.png", tmp_path / "face.png")
    shutil.copy(ROOT / "examples" / "mine.py", tmp_path)
    (own,) = blocks(RECIPES, "python")
    script(own + "\nassert model.translate('face.png', 'glasses=yes').size == (32, 32)", tmp_path)


@pytest.mark.parametrize("page", ["README.md", "docs/recipes.md"])
def test_what_it_points_to_is_there(page: str) -> None:
    text, home = (ROOT / page).read_text(), (ROOT / page).parent
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http")]
    assert len(links) >= 3
    assert [link for link in links if not (home / link.partition("#")[0]).exists()] == []
