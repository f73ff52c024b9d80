"""A labeller that is trained a little at a time: interrupted, kept in the cache, and gone on with by others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from metrics.test_labeller import labeled
from viceversa.metrics import labeller_training
from viceversa.metrics.labeller import Labeller, load_labeller
from viceversa.metrics.labeller_training import LabellerTraining, cached_path, independent_labeller

ROUNDS = (1, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(labeller_training, "ENOUGH", 1.1)
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 6)
    return tmp_path / "cache"


def begun(units: int) -> LabellerTraining:
    """A training of that many units more than the cache has."""
    training = LabellerTraining(labeled(64), ROUNDS)
    for _ in range(units):
        assert training.advance()
    return training


def assert_same(one: Labeller, other: Labeller) -> None:
    for name, value in one.network.state_dict().items():
        assert torch.equal(value, other.network.state_dict()[name]), name
    assert (one.accuracy, one.accuracy_edits, one.finished) == (other.accuracy, other.accuracy_edits, other.finished)


@pytest.mark.parametrize("units", [1, 6, 7, 9, 13], ids=str)
def test_interrupted_anywhere_it_becomes_the_same(units: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a round, before its measurement, after it, and behind the last round."""
    begun(units).keep()
    place = begun(0).done
    assert place > 0 and not cached_path("tiles-64", ROUNDS).exists()
    parts = independent_labeller(labeled(64), rounds=ROUNDS, quiet=True)
    assert not list((tmp_path / "cache" / "labellers").glob("*.unfinished")), "what is finished leaves nothing behind"
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "other"))
    assert_same(parts, independent_labeller(labeled(64), rounds=ROUNDS, quiet=True))


def test_whoever_is_behind_takes_up_what_is_further() -> None:
    ahead, behind = begun(5), begun(2)
    ahead.keep()
    behind.keep()
    assert behind.done == ahead.done == begun(0).done == 5
    independent_labeller(labeled(64), rounds=ROUNDS, quiet=True)
    behind.path.with_suffix(".unfinished").write_bytes(b"of another process")
    behind.keep()
    assert behind.found is not None and not behind.advance()
    assert not list(behind.path.parent.glob("*.unfinished"))


def test_global_random_numbers_are_left_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    independent_labeller(labeled(64), rounds=ROUNDS, quiet=True)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_interrupted_unit_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step may be half done: a state of it would not be a function of the data."""
    training = begun(3)
    training.keep()

    def interrupt(self: torch.optim.AdamW) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "zero_grad", interrupt)
        with pytest.raises(KeyboardInterrupt):
            training.advance()
        with pytest.raises(
            KeyboardInterrupt, match=r"^interrupted in the training of the labeller, round 1 of 2: finished work is kept"
        ):
            independent_labeller(labeled(64), rounds=ROUNDS, quiet=True)
    training.keep()
    assert begun(0).done == 3


@pytest.mark.parametrize("content", [b"", b"not a state", b"PK\x03\x04"], ids=["empty", "text", "cut"])
def test_a_damaged_state_is_passed_over(content: bytes) -> None:
    begun(3).keep()
    cached_path("tiles-64", ROUNDS).with_suffix(".unfinished").write_bytes(content)
    assert begun(0).done == 0


def test_it_says_which_round_it_is() -> None:
    training = begun(0)
    assert (training.in_words, training.done, training.total) == ("round 1 of 2", 0, 12)
    while training.best is None:
        assert training.advance()
    assert (training.in_words, training.done, training.best.finished) == ("round 2 of 2", 6, False)
    while training.advance():
        assert training.in_words == "round 2 of 2"
    assert training.found is not None and load_labeller(training.path).finished
