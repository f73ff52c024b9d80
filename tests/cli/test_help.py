"""The help: at once, on one screen, and complete."""

from __future__ import annotations

import contextlib
import io
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from conftest import Command
from viceversa import methods
from viceversa.cli import COMMANDS, main
from viceversa.cli.parsing import long_form
from viceversa.recipes import RECIPES, TABLE

HEAVY = ("torch", "accelerate", "torchmetrics", "tensorboard", "matplotlib", "numpy", "PIL", "pydantic", "tyro", "rich")


def test_help_imports_nothing_heavy_and_answers_within_a_second() -> None:
    program = "import sys\nfrom viceversa.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stdout.splitlines()[-1]
    assert "viceversa.cli" in modules.split()
    assert not {name.split(".")[0] for name in modules.split()} & set(HEAVY)
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert subprocess.run([sys.executable, "-m", "viceversa", "--help"], capture_output=True, check=False).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 1, "of the processor, whatever else it does"


def test_importing_the_package_imports_nothing_heavy_until_a_name_is_used() -> None:
    program = "import sys, viceversa\nprint('torch' in sys.modules)\nviceversa.train\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


FRAGMENTS = ("of", "by", "as", "in", "to", "where", "which", "the same", "one of those", "what")
"""How a help begins that leans on the name of its option instead of saying what it is."""


def phrases(settings: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each setting with the phrase that help has for it."""
    for name, field in settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from phrases(field.annotation, f"{prefix}{name}.")
        elif name not in ("name", "kind"):
            yield f"{prefix}{name}", field.description or ""


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_setting_is_described_by_a_phrase_that_stands_alone(recipe: str) -> None:
    for name, phrase in phrases(type(RECIPES[recipe]())):
        assert len(phrase.split()) > 1 and not phrase.startswith(tuple(f"{word} " for word in FRAGMENTS)), (name, phrase)


def test_every_recipe_is_in_the_table_once_and_every_method_has_one() -> None:
    assert [entry().name for entry in TABLE] == list(RECIPES) and len(RECIPES) == len(TABLE)
    assert {path.stem for path in Path(methods.__path__[0]).glob("[!_]*.py")} == {entry.method for entry in TABLE}


@pytest.mark.parametrize("option", ["--out", "--data", "--size", "--steps", "--batch", "--epochs", "--seed", "--init", "--resume"])
def test_trains_own_help_shows_what_everyone_needs(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert re.search(rf"^[│ ] {option} ", capsys.readouterr().out, re.M)


@pytest.mark.parametrize("name", ["train", "tune"])
def test_an_option_of_a_commands_own_help_is_one_of_every_recipe(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    own = re.findall(r"^[│ ] (--\w[\w-]*)", capsys.readouterr().out, re.M)
    with pytest.raises(SystemExit):
        main([name, "stargan", "--help"])
    theirs = re.findall(r"^[│ ] (--\w[\w.-]*)", capsys.readouterr().out, re.M)
    assert {long_form(option) for option in own} <= set(theirs)


def test_help_names_every_command(viceversa: Command) -> None:
    said = viceversa("--help").stdout
    assert all(f"\n  {name} " in said for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """On a terminal of UTF-8, where the boxes are drawn with lines and not with further rows."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(terminal), pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    terminal.seek(0)
    said = terminal.read()
    assert said.startswith(f"usage: viceversa {name}")
    assert len(said.splitlines()) <= 32, "it does not fit a screen"


def dotted(settings: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from dotted(value, f"{prefix}{name}.")
        elif name not in ("name", "kind"):  # not to be chosen
            yield f"{prefix}{name}", value


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipes_help_shows_every_setting_with_its_default(
    recipe: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    with pytest.raises(SystemExit):
        main(["train", recipe, "--help"])
    said = capsys.readouterr().out
    text = " ".join(line.strip(" │") for line in said[said.index("--help") :].splitlines())
    for name, value in dotted(RECIPES[recipe]()):
        place, dot, last = name.replace("_", "-").rpartition(".")
        if value in (None, (), ""):  # its phrase says what that means
            assert re.search(rf" --{re.escape(place + dot)}{re.escape(last)} (?:(?!\(default:| --).)*(?: --|$)", text), name
            continue
        shown = re.search(rf" --{re.escape(place + dot)}(?:no-)?{re.escape(last)} .*?\(default: *(.*?)\)", text)
        assert shown, name
        text_of = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        assert shown[1].replace(", ", ",") == text_of, name  # lines are broken behind a comma


def test_recipes_lists_each_in_one_line(viceversa: Command) -> None:
    lines = viceversa("recipes").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)
    assert all(len(line.split()) > 4 and len(line) <= 120 for line in lines)
