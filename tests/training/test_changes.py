"""A run that goes on with other settings: what changes is said and recorded, and what may not change is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cli.own import exit_code, people
from contracts.cases import MASKED, build_masked
from training.small import assert_same_runs
from training.test_resume import digest
from viceversa.errors import UsageError
from viceversa.runs.record import read_record
from viceversa.runs.weights import latest_checkpoint
from viceversa.training.run import train

SMALL: dict[str, Any] = {"size": 16, "batch": 4, "precision": "fp32", "labeller": False, "data": "people/faces.csv"}
TINY = {f"method.{name}": value for name, value in MASKED.model_dump().items() if name not in ("kind", "learning_rate")}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images and a table in a folder of their own, with their cache."""
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    people(tmp_path / "people")


def step_of(run: str) -> int:
    return int(latest_checkpoint(Path(run)).name)


@pytest.mark.parametrize("first", [4, 12], ids=["lengthened", "shortened"])
def test_another_length_goes_on_as_if_it_had_been_that_from_the_start(first: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The rate is the same in the first half of a schedule, which is all that both have done by then."""
    train(build_masked, out="whole", steps=8, quiet=True, **SMALL)
    train(build_masked, out="parts", steps=first, until=2, quiet=True, **SMALL)
    capsys.readouterr()
    outcome = train(build_masked, out="parts", resume=True, steps=8)
    assert outcome.step == 8
    assert_same_runs(Path("whole"), Path("parts"), but_logged=(2,))
    told = f"viceversa: training.steps {first} -> 8.\n"
    assert told in capsys.readouterr().err
    record = read_record(Path("parts"))
    assert record.recipe.training.steps == 8 and record.changes == (f"step 2: training.steps {first} -> 8",)


def test_a_finished_run_is_lengthened(capsys: pytest.CaptureFixture[str]) -> None:
    train("stargan", out="run", steps=2, quiet=True, settings=TINY, **SMALL)
    train("stargan", out="run", resume=True)
    assert "all 2 steps are done; to continue, give a larger number of steps." in capsys.readouterr().err
    asked = {"checkpoint_every": 1, "sample_every": 1, "best": "none", "settings": {"method.learning_rate": 5e-4}}
    train("stargan", out="run", resume=True, steps=3, **asked)
    told = capsys.readouterr().err
    assert "steps 2 -> 3: at this step the learning rate changes from 0 to 0.667 times its initial value." in told
    assert "method.learning_rate 0.001 -> 0.0005" in told and "training.sample_every None -> 1" in told
    assert step_of("run") == 3 and Path("run/samples/00000003.png").exists()
    recipe = read_record(Path("run")).recipe
    assert recipe.method.learning_rate == 5e-4 and recipe.training.checkpoint_every == 1
    train("stargan", out="run", resume=True, steps=4, quiet=True)
    assert read_record(Path("run")).changes[-1] == "step 3: training.steps 3 -> 4", "what was changed before stays"
    assert len(read_record(Path("run")).changes) == 6


@pytest.mark.parametrize(("recipe", "where"), [("stargan", {}), ("cyclegan", {"data": "people/faces.csv:glasses"})])
def test_the_discriminators_learning_rate_may_change(
    recipe: str, where: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    name, tiny = "method.critic_learning_rate", {"method.width": 4, "method.blocks": 1, "method.critic_width": 4}
    if recipe == "cyclegan":
        tiny["method.critic_layers"] = 1
    train(recipe, out="run", steps=3, until=1, quiet=True, settings=tiny, **SMALL | where)
    train(recipe, out="run", resume=True, settings={name: 3e-4})
    assert read_record(Path("run")).changes == (f"step 1: {name} None -> 0.0003",)
    assert f"{name} None -> 0.0003" in capsys.readouterr().err
    state = torch.load(latest_checkpoint(Path("run")) / "training.pt", weights_only=True)["optimizers"]
    rates = {kept: optimizer["param_groups"][0]["lr"] for kept, optimizer in state.items()}
    own = read_record(Path("run")).recipe.method.learning_rate
    decayed = 2 / 3  # in step 2 of 3, (3 - 2) / 1.5
    assert sorted(rates.values()) == pytest.approx(sorted([decayed * own, decayed * 3e-4]))


@pytest.mark.parametrize(
    "wrong", [{"steps": 1}, {"settings": {"method.width": 5}}, {"size": 32}, {"batch": 2}, {"seed": 1}], ids=str
)
def test_what_would_make_the_checkpoint_meaningless_is_refused_in_one_line(wrong: dict[str, Any]) -> None:
    train("stargan", out="run", steps=2, quiet=True, settings=TINY, **SMALL)
    before = digest(Path("run"))
    with pytest.raises(UsageError) as refused:
        train("stargan", out="run", resume=True, quiet=True, **wrong)
    message = str(refused.value)
    assert "'run'" in message and "\n" not in message
    assert ("give 2 or more" if wrong == {"steps": 1} else "leave it out, or begin a new run") in message
    assert digest(Path("run")) == before


def test_the_command_reads_the_recipe_from_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    train("stargan", out="run", steps=2, quiet=True, settings=TINY, **SMALL)
    for number, options in enumerate((["--out", "run", "--resume"], ["--resume", "--out=run"]), 3):
        assert exit_code("train", *options, "--steps", str(number)) == 0
        assert step_of("run") == number and f"run: {number} steps" in capsys.readouterr().out
    train(build_masked, out="own", steps=1, quiet=True, **SMALL)
    for options, told in (
        (
            ["--out", "own", "--resume"],
            "'own' was trained with a custom method: give it as RECIPE, as in viceversa train contracts.",
        ),
        (["--out", "none", "--resume"], "there is no run in 'none'"),
        (["--out", "run"], "name a recipe first"),
        (["--resume"], "name a recipe first"),
    ):
        assert exit_code("train", *options) == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("resume", [False, True], ids=["the same command", "resume"])
def test_a_run_before_its_first_checkpoint_begins_again(resume: bool) -> None:
    how = {"quiet": True, "settings": TINY, **SMALL}
    train("stargan", out="run", steps=2, **how)
    for path in sorted(Path("run/checkpoints").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    outcome = train("stargan", out="run", resume=True, quiet=True) if resume else train("stargan", out="run", steps=2, **how)
    assert outcome.step == step_of("run") == 2
    assert len(Path("run/metrics.jsonl").read_text().splitlines()) == 1


def test_ctrl_c_before_the_first_step_says_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(space: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^interrupted before the first checkpoint: start it again in the same way"):
        train(interrupt, out="run", steps=2, quiet=True, **SMALL)
    train(build_masked, out="run", steps=2, quiet=True, **SMALL)
    with pytest.raises(
        KeyboardInterrupt, match=r"^interrupted: the checkpoint of step 2 of 'run' is kept; continue with `resume=True`\.$"
    ):
        train(interrupt, out="run", steps=2, overwrite=True, quiet=True, **SMALL)
