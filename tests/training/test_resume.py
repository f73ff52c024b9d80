"""A training that stopped and went on equals one that did not, bit for bit; what contradicts it or is no run is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from contracts.case import PHOTOS, Case
from contracts.cases import CASES, EVERY, build_masked
from training.small import assert_same_runs, noise, trainer
from viceversa.errors import UsageError
from viceversa.losses.multicycle import Form, multicyclic
from viceversa.recipes import builder, recipe_named
from viceversa.runs.folder import CONTENTS
from viceversa.runs.record import Record, write_record
from viceversa.training import trainer as trainer_module
from viceversa.training.run import train
from viceversa.training.trainer import Trainer

BY_NAME = {case.name: case for case in EVERY}


STEPS, STOP = 8, 5
"""Two epochs; a stop in the second one, between two lines of the log."""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has a line for every third step, and for the last; statistics of averages are of fewer batches."""
    monkeypatch.setattr(trainer_module, "LOG_EVERY", 3)
    monkeypatch.setattr(trainer_module, "STATISTICS_BATCHES", 4)


def run_for(run: Path, case: Case, until: int, *, precision: str = "fp32", resume: bool = False) -> Trainer:
    """Thirteen images in batches of 4: an epoch has 4 steps, the last of one image."""
    paired = any(need.beside for phase in case.method().phases for need in phase.plan.needs)
    training = trainer(run, case.build, noise(case.space, paired=paired), precision=precision, steps=STEPS, flip=True, shift=1)
    if resume:
        assert training.resume() > 0
    training.train(until)
    assert training.step == until
    return training


RESUMED = [*CASES, BY_NAME["stargan-wgan"], BY_NAME["cyclegan-wgan"]]
"""All methods, and RMSprop with clipped weights."""


@pytest.mark.parametrize("case", RESUMED, ids=lambda case: case.name)
def test_what_is_saved_is_all_that_matters(case: Case, tmp_path: Path) -> None:
    """A training goes on from its memory, and a copy of its run from the checkpoint. The tests below never stop at all."""
    training = run_for(tmp_path / "whole", case, STOP)
    shutil.copytree(tmp_path / "whole", tmp_path / "parts")
    training.train(STEPS)
    run_for(tmp_path / "parts", case, STEPS, resume=True)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize("name", ["multicyclic", "cyclegan", "stargan2", "johnson"])
def test_stopping_changes_nothing(name: str, tmp_path: Path) -> None:
    run_for(tmp_path / "whole", BY_NAME[name], STEPS)
    run_for(tmp_path / "parts", BY_NAME[name], STOP)
    run_for(tmp_path / "parts", BY_NAME[name], STEPS, resume=True)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts", but_logged=(STOP,))


@pytest.mark.parametrize("name", ["multicyclic", "masked", "cyclegan"])
def test_stopping_changes_nothing_in_bf16(name: str, tmp_path: Path) -> None:
    for run, stops in (("whole", (6,)), ("parts", (4, 6))):
        for number, until in enumerate(stops):
            run_for(tmp_path / run, BY_NAME[name], until, precision="bf16", resume=number > 0)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts", but_logged=(4,))
    run_for(tmp_path / "full", BY_NAME[name], 6)
    with pytest.raises(AssertionError):
        assert_same_runs(tmp_path / "whole", tmp_path / "full")


@pytest.mark.parametrize("form", ["on-policy", "replay"])
def test_the_teacher_and_the_replayed_images_are_part_of_the_state(form: Form, tmp_path: Path) -> None:
    """The generator learns in every step, so that five updates of the teacher come before the stop and three behind it."""
    case = Case(form, lambda space: multicyclic(build_masked(space), (0.5,), form=form, teacher=5.0), PHOTOS, {})
    run_for(tmp_path / "whole", case, STEPS)
    run_for(tmp_path / "parts", case, STOP)
    run_for(tmp_path / "parts", case, STEPS, resume=True)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts", but_logged=(STOP,))


def test_the_pool_is_part_of_the_state(tmp_path: Path) -> None:
    """Without it the same run goes elsewhere: so the test above would see it missing."""
    case = BY_NAME["cyclegan"]
    run_for(tmp_path / "whole", case, STEPS)
    run_for(tmp_path / "parts", case, STOP)
    training = trainer(tmp_path / "parts", case.build, noise(case.space), steps=STEPS, flip=True, shift=1)
    training.resume()
    assert all(len(images) == 3 for images in training.method.memory["pool"].images.values())
    training.method.memory["pool"].images.clear()
    training.train(STEPS)
    with pytest.raises(AssertionError, match="safetensors"):
        assert_same_runs(tmp_path / "whole", tmp_path / "parts", but_logged=(STOP,))


def test_what_was_logged_after_the_checkpoint_is_forgotten(tmp_path: Path) -> None:
    """As after a crash: whole lines of later steps, and one that is cut short."""
    case = BY_NAME["masked"]
    run_for(tmp_path / "whole", case, STEPS)
    run_for(tmp_path / "parts", case, STOP)
    with (tmp_path / "parts" / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 7, "lost": 1.0}) + '\n{"step": 8, "lo')
    run_for(tmp_path / "parts", case, STEPS, resume=True)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts", but_logged=(STOP,))


def test_a_finished_training_that_is_resumed_is_left_as_it_is(tmp_path: Path) -> None:
    """Its only checkpoint must not be in danger of being half replaced."""
    run_for(tmp_path, BY_NAME["masked"], 4)
    (checkpoint,) = (tmp_path / "checkpoints").iterdir()
    before = checkpoint.stat().st_ino, digest(checkpoint)
    run_for(tmp_path, BY_NAME["masked"], 4, resume=True)
    assert (checkpoint.stat().st_ino, digest(checkpoint)) == before


def begun(run: Path) -> Path:
    """A run of one recipe, as it is before its first checkpoint, beside a file of somebody else's."""
    recipe = recipe_named("stargan")
    training = recipe.training.model_copy(update={"labeller": False, "batch": 2})
    case = BY_NAME["masked"]
    recipe = recipe.model_copy(update={"training": training, "data": "avatars", "size": 32})
    record = Record(recipe=recipe, dataset="avatars-32-v1", space=case.space, device="cpu", precision="fp32")
    write_record(run, record)
    (run / "notes.txt").write_text("mine")
    (run / "metrics.jsonl").write_text('{"step": 1}\n')
    return run


def digest(folder: Path) -> dict[str, str]:
    """The content of every file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(
    ("setting", "old", "new"),
    [
        ({"batch": 3}, "training.batch = 2", "3"),
        ({"seed": 5}, "training.seed = 0", "5"),
        ({"average": 0.5}, "training.average = 0.995", "0.5"),
        ({"decay": "constant"}, "training.decay = 'linear'", "'constant'"),
        ({"flip": True}, "training.flip = False", "True"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_contradicting_setting_is_refused(setting: dict[str, object], old: str, new: str, tmp_path: Path) -> None:
    before = digest(begun(tmp_path))
    with pytest.raises(UsageError) as refused:
        train("stargan", out=tmp_path, resume=True, quiet=True, **setting)
    message = str(refused.value)
    assert old in message and f"not {new}:" in message and str(tmp_path) in message and "\n" not in message
    assert digest(tmp_path) == before


def test_another_recipe_is_refused(tmp_path: Path) -> None:
    before = digest(begun(tmp_path))
    with pytest.raises(UsageError, match=r"'stargan'.*'multicyclic'"):
        train("multicyclic", out=tmp_path, resume=True, quiet=True)
    with pytest.raises(UsageError, match="'stargan', not of 'own'"):
        train(builder(recipe_named("stargan")), out=tmp_path, resume=True, quiet=True)
    assert digest(tmp_path) == before


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="not empty and holds no run"):
            train("stargan", out=tmp_path, overwrite=overwrite, quiet=True)
    with pytest.raises(UsageError, match="there is no run in"):
        train("stargan", out=tmp_path, resume=True, quiet=True)
    with pytest.raises(UsageError, match=r"notes\.txt"):
        train("stargan", out=tmp_path / "notes.txt", quiet=True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_run_is_refused_without_resume_or_overwrite(tmp_path: Path) -> None:
    (begun(tmp_path) / "checkpoints" / "00000009").mkdir(parents=True)
    before = digest(tmp_path)
    with pytest.raises(UsageError, match=r"resume=True.*overwrite=True"):
        train("stargan", out=tmp_path, quiet=True)
    assert digest(tmp_path) == before


@pytest.mark.parametrize(
    "wrong", [{"data": "nothing"}, {"batch": 0}, {"steps": -1}, {"decay": "never"}, {"size": 0}, {"until": 0}], ids=str
)
def test_overwrite_removes_nothing_before_all_settings_are_right(wrong: dict[str, object], tmp_path: Path) -> None:
    before = digest(begun(tmp_path))
    with pytest.raises(UsageError):
        train("stargan", out=tmp_path, overwrite=True, quiet=True, labeller=False, **({"steps": 1, "batch": 2} | wrong))
    assert digest(tmp_path) == before


def test_overwrite_removes_only_what_a_run_writes(tmp_path: Path) -> None:
    begun(tmp_path)
    (tmp_path / "checkpoints" / "00000009").mkdir(parents=True)
    (tmp_path / "best" / "00000009").mkdir(parents=True)
    (tmp_path / "validation.jsonl").write_text('{"step": 9, "elapsed": 1e9}\n')
    outcome = train("stargan", out=tmp_path, overwrite=True, quiet=True, steps=1, batch=2, labeller=False)
    assert outcome.step == 1
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["00000001"]
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 1
    assert not (tmp_path / "best").exists() and not (tmp_path / "validation.jsonl").exists()
    assert {path.name for path in tmp_path.iterdir()} <= {*CONTENTS, "notes.txt"}
