"""Losses stay on their device until they are fetched, all at once; one that is not finite is named with its step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from contracts.case import PHOTOS
from contracts.cases import build_masked
from devices import META, one_device
from training.small import noise, trainer
from viceversa.errors import NotFiniteError
from viceversa.training.losses import RecentLosses


def test_the_last_steps_losses_are_fetched_once() -> None:
    recent = RecentLosses()
    assert recent.fetch() == {}
    for step in range(3):
        recent.note(step, {"a": torch.tensor(step + 0.5), "b": torch.tensor(2 * step, dtype=torch.bfloat16)})
    assert recent.fetch() == {"a": 2.5, "b": 4.0} and recent.fetch() == {}


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_the_first_loss_that_is_not_finite_is_named(value: str) -> None:
    """Later steps have it too, and other losses."""
    recent = RecentLosses()
    for step in range(10, 16):
        wrong = torch.tensor(float(value if step >= 13 else 1))
        recent.note(step, {"generator/cycle": torch.tensor(1.0), "generator/adversarial": wrong, "critic/real": wrong})
    with pytest.raises(NotFiniteError, match=rf"^the loss generator/adversarial is {value} at step 13\.$"):
        recent.fetch()


def test_twenty_losses_are_one_transfer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = trainer(tmp_path, build_masked, noise(PHOTOS), device=META, average=0.0)
    with one_device(monkeypatch) as mode:
        for _ in range(4):
            training.one_step()
        mode.waits.clear()
        training._look()
    assert len(mode.waits) == 1, mode.waits
