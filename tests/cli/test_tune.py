"""`viceversa tune` as a person runs it: tables, a picture, a command to go on with; interrupted, killed, several at once."""

from __future__ import annotations

import csv
import os
import re
import shlex
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from processes import start
from training.small import wait
from viceversa.cli import main
from viceversa.cli.options import Search
from viceversa.cli.train import _asked, settings_over
from viceversa.cli.tune import command
from viceversa.errors import UsageError
from viceversa.recipes import recipe_named
from viceversa.training.run import updated

SMALL = [
    "multicyclic", "--steps", "4", "--batch", "4", "--method.width", "4", "--method.blocks", "1", "--method.critic-width", "4",
    "--samples", "4", "--checks", "2", "--search", "multicycle.cycles=0..2", "--search", "method.learning-rate=1e-3..1e-1:log",
]  # fmt: skip
TUNE = "import sys\nfrom viceversa.cli import main\nmain(['tune', *sys.argv[1:]])"


def tune(*arguments: object) -> int:
    """In this process; the exit code."""
    with pytest.raises(SystemExit) as stop:
        main(["tune", *map(str, arguments)])
    return int(stop.value.code or 0)


def rows_of(folder: Path) -> list[dict[str, str]]:
    """trials.csv, but for the seconds."""
    with (folder / "trials.csv").open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of three trials."""
    folder = tmp_path_factory.mktemp("tuning") / "whole"
    assert tune(*SMALL, "--out", folder, "--trials", 3) == 0
    return folder


def test_it_prints_a_table_and_the_command_that_trains_the_best(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (whole / "study.sqlite").read_bytes()
    assert tune(*SMALL, "--out", whole, "--trials", 3) == 0
    assert (whole / "study.sqlite").read_bytes() == before, "there is nothing left to do"
    said = capsys.readouterr().out
    assert said.startswith("3 trials: 3 done\ninv3.psnr_to_truth on validation images, higher is better")
    table = [line.split() for line in said.splitlines() if re.match(r" *(own, )?\d", line)][1:]
    rows = sorted(rows_of(whole), key=lambda row: -float(row["inv3.psnr_to_truth"]))
    numbers = [line[1] if line[0] == "own," else line[0] for line in table]
    assert numbers == [row["trial"] for row in rows], "the best first, and the recipe as it is among them"
    assert f"{whole / 'trials.csv'} and {whole / 'tuning.png'}" in said
    program, train, recipe, *options = shlex.split(said.splitlines()[-1])
    assert (program, train, recipe) == ("viceversa", "train", "multicyclic")
    trained = _asked(recipe_named("multicyclic"), options).recipe
    assert trained.training.steps == recipe_named("multicyclic").training.steps and trained.training.batch == 4
    assert f"{trained.method.learning_rate:.6g}" == rows[0]["method.learning_rate"]
    assert len(trained.multicycle.extra) == int(rows[0]["multicycle.cycles"])


def test_a_search_that_was_killed_and_interrupted_ends_as_if_it_had_not_been(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "broken"
    asked = [*SMALL, "--out", folder, "--trials", 3]
    process = start(TUNE, *asked)
    wait(process, (folder / "trials" / "0001" / "recipe.json").exists)
    process.kill()
    process.communicate()

    def interrupt() -> None:
        while not (folder / "trials" / "0002" / "recipe.json").exists():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    assert tune(*asked) == 130
    assert "interrupted" in capsys.readouterr().err
    assert tune(*asked) == 0
    assert rows_of(folder) == rows_of(whole)


def test_two_processes_share_a_search_in_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    other = start(TUNE, *SMALL, "--out", tmp_path / "there" / "a", "--trials", 5, "--storage", url)
    wait(other, (tmp_path / "there" / "a" / "trials" / "0000" / "recipe.json").exists)
    assert tune(*SMALL, "--out", tmp_path / "here" / "a", "--trials", 5, "--storage", url) == 0
    mine = re.findall(r"of 5: trial (\d)", capsys.readouterr().err)
    _, errors = other.communicate(timeout=100)
    others = re.findall(r"of 5: trial (\d)", errors)
    assert other.returncode == 0 and mine and others
    assert sorted(mine + others) == list("01234"), "each trial once"
    assert tune(*SMALL, "--out", tmp_path / "here" / "a", "--trials", 5, "--storage", url) == 0
    assert [row["trial"] for row in rows_of(tmp_path / "here" / "a")] == list("01234")
    assert not (tmp_path / "here" / "a" / "study.sqlite").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a recipe first, as in viceversa tune multicyclic"),
        (["multicylic"], "Did you mean 'multicyclic'?"),
        (["multicyclic", "--search", "method.width"], "write NAME=LOW..HIGH"),
        (["multicyclic", "--search", "method.learning-rate=0..1"], "method.learning_rate = 0.0: input should be greater than 0"),
        (["multicyclic", "--objective", "inv3.fid"], "unknown metric 'fid'"),
        (["multicyclic", "--objective", "rec0.changed_accuracy", "--samples", "4"], "rec0.changed_accuracy is not defined"),
        (["multicyclic", "--objective", "inv1.frechet", "--samples", "4"], "inv1.frechet is not defined on 4 images"),
        (
            ["multicyclic", "--samples", "4", "--search", "multicycle.losses=cycle|penalty"],
            "losses that cannot be chained: penalty",
        ),
        (["multicyclic", "--equal", "time"], "invalid choice"),
        (["multicyclic", "--trials", "0"], "--trials 0"),
        (["multicyclic", "--storage", "nonsense"], "cannot open the database of --storage"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tune(*arguments) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not any(tmp_path.rglob("study.sqlite"))


@pytest.mark.parametrize(
    "changes",
    [
        {"multicycle.extra": (0.5, 0.25), "method.learning_rate": 0.00123456, "training.flip": True},
        {"multicycle.extra": (), "multicycle.losses": ("cycle",), "training.labeller": False, "data": "it's here"},
    ],
)
def test_the_command_says_all_settings(changes: dict[str, Any]) -> None:
    recipe = updated(recipe_named("multicyclic"), changes)
    _, _, name, *options = shlex.split(command(recipe))
    assert _asked(recipe_named(name), options).recipe == recipe
    steps = updated(recipe, {"training.steps": 7})
    assert command(steps) == command(recipe) and "--training.steps 7" in command(steps, searched=["training.steps"])


def test_without_optuna_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert tune(*SMALL, "--out", tmp_path / "a") == 2
    assert capsys.readouterr().err == "viceversa: tuning needs Optuna: pip install 'viceversa[tune]'.\n"
    assert not (tmp_path / "a").exists()


def test_a_number_of_steps_takes_the_place_of_a_recipes_epochs() -> None:
    """As for `train`; the command that trains the best settings has the recipe's own length."""
    recipe = recipe_named("cyclegan-paper")
    for asked in (
        _asked(recipe, ["--training.steps", "600"]),
        settings_over(recipe, Search, ["--training.steps", "600"], "tune", ""),
    ):
        assert (asked.recipe.training.steps, asked.recipe.training.epochs) == (600, None)
        assert command(asked.recipe) == "viceversa train cyclegan-paper"
    with pytest.raises(UsageError, match="--steps and --epochs both set the length"):
        settings_over(recipe, Search, ["--training.steps", "600", "--training.epochs", "2"], "tune", "")


def test_trials_are_as_long_as_the_epochs_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs of eight training images in batches of 4."""
    monkeypatch.chdir(tmp_path)
    for name in ("red", "blue"):
        for split, count in (("train", 8), ("validation", 12), ("test", 2)):
            (tmp_path / "photos" / split / name).mkdir(parents=True)
            for number in range(count):
                color = (200 + number, 9, 9) if name == "red" else (9, 9, 200 + number)
                Image.new("RGB", (16, 16), color).save(tmp_path / "photos" / split / name / f"{number}.png")
    small = ["--method.width", 4, "--method.blocks", 1, "--method.critic-width", 4, "--method.critic-layers", 1]
    searched = ["--trials", 1, "--checks", 1, "--samples", 12, "--objective", "inv0.kernel", "--search", "method.cycle=1..2"]
    data = ["--data", "photos", "--size", 16, "--epochs", 2, "--batch", 4]
    assert tune("cyclegan", *data, *searched, *small, "--out", "found") == 0
    assert [row["steps"] for row in rows_of(Path("found"))] == ["4"]
