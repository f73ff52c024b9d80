"""The layers and the absence of circles are checked, and a wrong import is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINTER = Path(sys.executable).parent / "lint-imports"
UPWARD = "Each layer imports those below it only BROKEN", "viceversa.core is not allowed to import viceversa.training"
CIRCLE = "No circles of files or of folders BROKEN", "No cycles are allowed in viceversa.losses"
PLANTED = {
    "an import at the top": ("core/draws.py", "from viceversa.training.step import train_step\n", UPWARD),
    "an import in a function": ("core/draws.py", "def late():\n    import viceversa.training.step\n", UPWARD),
    "two files of a folder": ("losses/gan.py", "from viceversa.losses.adversarial import Fool\n", CIRCLE),
    "a folder that is in no layer": ("helpers/__init__.py", '"""Helpers."""\n', ("BROKEN", "helpers")),
}


def copied(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src" / "viceversa", tmp_path / "src" / "viceversa", ignore=shutil.ignore_patterns("*.safetensors"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    command = [str(LINTER), "--no-cache"]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def test_the_package_keeps_its_layers(tmp_path: Path) -> None:
    done = linted(copied(tmp_path))
    assert done.returncode == 0, done.stdout
    assert "Contracts: 2 kept, 0 broken." in done.stdout


@pytest.mark.parametrize(("file", "text", "said"), PLANTED.values(), ids=PLANTED)
def test_a_wrong_import_is_found(file: str, text: str, said: tuple[str, str], tmp_path: Path) -> None:
    root = copied(tmp_path)
    path = root / "src" / "viceversa" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)
    done = linted(root)
    assert done.returncode == 1
    assert all(words in done.stdout for words in said), done.stdout


def test_no_module_lies_loose_at_the_top_and_no_contract_has_exceptions() -> None:
    loose = {path.name for path in (ROOT / "src" / "viceversa").glob("*.py")}
    assert loose == {"__init__.py", "__main__.py", "errors.py", "files.py", "progress.py", "pipeline.py", "device.py"}
    assert "ignore_imports" not in (ROOT / "pyproject.toml").read_text()
