"""The best checkpoint beside the last ones: who takes which, what is kept of it, and what if it is damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Command
from contracts.case import PHOTOS
from contracts.cases import build_masked
from training.small import noise, trainer
from training.test_faults import cut, flip
from viceversa.data.sets.avatars import render
from viceversa.errors import UsageError
from viceversa.inference.load import load
from viceversa.runs.selection import Validation, best_checkpoint, best_validation, keep_best
from viceversa.runs.weights import write_sealed
from viceversa.training import validation
from viceversa.training.run import train

FILES = ("networks.safetensors", "averages.safetensors", "judgment.json", "manifest.json")
FOUND = Validation(step=1, metric="psnr_to_truth", value=20.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps, whose first one is the best."""
    run = tmp_path_factory.mktemp("made") / "run"
    train(build_masked, out=run, batch=2, steps=4, until=2, checkpoint_every=1, labeller=False, quiet=True)
    keep_best(run, FOUND)
    return run


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


@pytest.mark.parametrize(
    ("value", "metric", "other", "beats"),
    [
        (20.0, "psnr_to_truth", 19.9, True),
        (20.0, "psnr_to_truth", 20.0, True),
        (20.0, "psnr_to_truth", 20.1, False),
        (0.5, "change_and_return", 20.0, True),
        (None, None, None, False),
        (0.0, "psnr_to_truth", None, True),
    ],
)
def test_the_higher_value_is_better(value: float | None, metric: str | None, other: float | None, beats: bool) -> None:
    """Values of two metrics do not compare: that of now is taken. What has no value is never the best."""
    before = None if other is None else Validation(step=1, metric="psnr_to_truth", value=other)
    assert Validation(step=2, metric=metric, value=value).beats(before) is beats


def test_it_is_a_copy_without_the_state_of_the_training(run: Path) -> None:
    best = run / "best" / "00000001"
    assert best_checkpoint(run) == best and best_validation(run) == FOUND
    assert {path.name for path in best.iterdir()} == set(FILES)
    for name in FILES[:2]:
        assert (best / name).read_bytes() == (run / "checkpoints" / "00000001" / name).read_bytes()
    assert json.loads((best / "judgment.json").read_text())["value"] == 20.0
    (run / "best" / ".partial-1").mkdir()
    keep_best(run, FOUND.model_copy(update={"step": 2}))
    assert [path.name for path in (run / "best").iterdir()] == ["00000002"]


def test_the_best_is_loaded_unless_told_otherwise_and_a_training_goes_on_from_the_last(run: Path) -> None:
    assert load(run, build=build_masked).step == load(run, build=build_masked, checkpoint="best").step == 1
    assert load(run, build=build_masked, checkpoint="last").step == 2
    with pytest.raises(UsageError, match=r"unknown checkpoint 'bst'\. Did you mean 'best'"):
        load(run, build=build_masked, checkpoint="bst")  # type: ignore[arg-type]
    shutil.rmtree(run / "checkpoints" / "00000001")
    assert trainer(run, build_masked, noise(PHOTOS)).step == 0
    outcome = train(build_masked, out=run, resume=True, quiet=True)
    assert outcome.step == 4 and outcome.best == FOUND, "what is not judged is not the best"
    assert load(run, build=build_masked).step == 1
    shutil.rmtree(run / "best")
    assert load(run, build=build_masked).step == 4


@pytest.mark.parametrize("damage", [flip, Path.unlink, cut], ids=["flip", "gone", "cut"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_one_is_named_and_the_last_taken(
    name: str, damage: Callable[[Path], None], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(run / "best" / "00000001" / name)
    assert load(run, build=build_masked).step == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"viceversa: '{run / 'best' / '00000001'}") and "missing or damaged: the best checkpoint is not" in line
    assert best_validation(run) is None
    assert load(run, build=build_masked, checkpoint="last").step == 2 and not capsys.readouterr().err


def test_a_judgment_that_is_none_is_no_best(run: Path) -> None:
    """Under a manifest that fits it: whoever wrote it."""
    weights = {name: (run / "best" / "00000001" / name).read_bytes() for name in FILES[:2]}
    write_sealed(run / "best" / "00000001", weights | {"judgment.json": b'{"step": 1, "value": "high"}'})
    assert best_checkpoint(run) is not None and best_validation(run) is None


def test_a_real_training_keeps_its_best_and_the_command_line_takes_either(
    viceversa: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On avatars, by the distance to their true edits."""
    monkeypatch.setattr(validation, "FIRST", 0.0)
    monkeypatch.setattr(validation, "SHARE", 1e9)
    run = tmp_path / "run"
    small = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4}
    settings = {"steps": 4, "batch": 8, "checkpoint_every": 1, "labeller": False, "quiet": True}
    outcome = train("stargan", out=run, settings=small, **settings)
    log = [json.loads(line) for line in (run / "validation.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [1, 2, 3, 4] and {line["metric"] for line in log} == {"psnr_to_truth"}
    values = [line["value"] for line in log]
    assert outcome.best is not None and outcome.best.value == max(values)
    assert load(run).step == outcome.best.step == max(line["step"] for line in log if line["value"] == max(values))

    keep_best(run, FOUND.model_copy(update={"step": 3}))
    face, here, there = tmp_path / "face.png", "hair=black,glasses=no,beard=no,smile=no,tone=0.5", "hair=blond,glasses=yes"
    Image.fromarray(render([9000], np.array([[1, 0, 0, 0, 0, 0, 0.5]], np.float32), 32)[0]).save(face)
    for name, options in (("best", []), ("last", ["--checkpoint", "last"])):
        done = viceversa("translate", run, face, "--out", tmp_path / name, "--to", there, "--from", here, *options)
        assert done.returncode == 0, done.stderr
        expected = load(run, checkpoint=name).translate(face, there, source=here)  # type: ignore[arg-type]
        assert np.array_equal(np.asarray(Image.open(tmp_path / name / "face.png")), np.asarray(expected))
    assert (tmp_path / "best" / "face.png").read_bytes() != (tmp_path / "last" / "face.png").read_bytes()
