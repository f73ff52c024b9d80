"""The run's labeller beside the translator: a bounded share of the time, and no weight of the translator is another."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from contracts.case import PHOTOS
from contracts.cases import build_masked
from metrics.test_labeller import labeled
from training.small import assert_same_runs, noise, trainer
from training.test_validation import dataset, judged
from viceversa.metrics import labeller_training
from viceversa.metrics.labeller import FILE, Labeller, load_labeller, network_for, write_labeller
from viceversa.metrics.labeller_training import LabellerTraining, cached_path, save_labeller
from viceversa.recipes.settings import Training
from viceversa.training import labelling as module
from viceversa.training.labelling import Labelling, labelling
from viceversa.training.validation import Validator


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty one; and short rounds."""
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 6)


def test_it_stays_within_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes before the first seconds; later no unit is begun that does not fit."""
    monkeypatch.setattr(module, "FIRST", 0.2)
    share = 0.3
    monkeypatch.setattr(module, "SHARE", share)
    run = Labelling(tmp_path, labeled(64), quiet=True)
    run.advance()
    assert run.allowance.spent == 0
    probe = 0.0
    end = time.monotonic() + 60
    while not (run._training and run._training.done) and time.monotonic() < end:
        time.sleep(0.01)
        run.advance()
        probe = probe or run.allowance.spent
        assert run.allowance.spent <= share * run.allowance.elapsed + 2 * probe, "a unit that takes longer than was expected"
    run.close()
    assert LabellerTraining(labeled(64)).done > 0, "what is done is kept for others"


def test_the_translator_is_the_same_with_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST", 0.0)
    monkeypatch.setattr(module, "SHARE", 0.3)
    beside = Labelling(tmp_path / "with", noise(PHOTOS), quiet=True)
    for name, labeller in (("without", None), ("with", beside)):
        training = trainer(tmp_path / name, build_masked, noise(PHOTOS), checkpoint_every=3)
        training.labelling = labeller
        training.train(12)
    beside.close()
    assert LabellerTraining(noise(PHOTOS)).done > 0
    assert_same_runs(tmp_path / "with", tmp_path / "without")


def test_from_its_first_round_on_the_run_has_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "FIRST", 0.0)
    monkeypatch.setattr(module, "SHARE", 1e9)
    monkeypatch.setattr(labeller_training, "ENOUGH", 0.0)
    run = Labelling(tmp_path, labeled(64))
    run.advance()
    found = load_labeller(tmp_path / FILE)
    assert found.finished and found.accuracy == load_labeller(cached_path("tiles-64")).accuracy
    assert f"the labeller's accuracy is {found.accuracy:.3f} on held-out images" in capsys.readouterr().err
    run.close()
    assert not capsys.readouterr().err
    assert labelling(tmp_path, labeled(64)) is None, "a finished one is not trained again"
    (tmp_path / FILE).unlink()
    assert labelling(tmp_path, labeled(64)) is None and (tmp_path / FILE).exists(), "nor one that the cache has"


def test_an_unfinished_one_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(labeller_training, "ENOUGH", 1.1)
    run = Labelling(tmp_path, labeled(64))
    while not (tmp_path / FILE).exists():
        run._unit()
    assert not load_labeller(tmp_path / FILE).finished
    run.close()
    assert capsys.readouterr().err.startswith("viceversa: the labeller is not finished (round 2 of 4): ")
    assert labelling(tmp_path, labeled(64)) is not None


def untrusted(run: Path, accuracy: float) -> None:
    """A labeller of that accuracy, by its own account."""
    space = dataset(known=False).space
    write_labeller(Labeller(network_for(space).eval(), space, accuracy, None), run / FILE)


def test_one_that_is_often_wrong_chooses_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("viceversa.training.validation.FIRST", 0.0)
    monkeypatch.setattr("viceversa.training.validation.SHARE", 1e9)
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 50)
    rooms = dataset(known=False, name="rooms-unknown-v1")
    run = tmp_path / "run"
    run.mkdir()
    untrusted(run, 0.89)
    judge = Validator(run, rooms, Training(), awaits=True)
    judged(run, 1, 1.0, judge)
    assert not (run / "best").exists()
    assert "no labeller yet that is right for 90% of the labels" in capsys.readouterr().err
    save_labeller(rooms, run / FILE, quiet=True)
    judged(run, 2, 1.0, judge)
    assert [path.name for path in (run / "best").iterdir()] == ["00000002"], "it is looked at again once it is better"
    assert "change_and_return chooses the best checkpoint" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_ends_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "FIRST", 0.0)
    monkeypatch.setattr(module, "SHARE", 1e9)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "file"))
    training = trainer(tmp_path / "run", build_masked, noise(PHOTOS))
    training.labelling = Labelling(tmp_path / "run", training.dataset)
    training.train(2)
    training.labelling.close()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("viceversa: the labeller is not trained: cannot write the cache ") and training.step == 2
