"""What goes wrong in a training: numbers that are not finite, and a disk that is full. The last good checkpoint survives."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from contracts.cases import PHOTOS, build_masked
from training.small import finish, noise, start, trainer
from viceversa.domains import Space
from viceversa.errors import NotFiniteError
from viceversa.journey import Journey
from viceversa.method import Builder, Method
from viceversa.objective import Objective
from viceversa.training.checkpoint import latest_checkpoint, restore_training

BAD = 4


class Zero(torch.autograd.Function):
    """0 of any image, with a gradient that is no number: as the square root's at 0, times 0."""

    @staticmethod
    def forward(context: Any, image: Tensor) -> Tensor:
        context.shape = image.shape
        return image.new_zeros(())

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return torch.full(context.shape, float("nan"))


def going_wrong(loss: Callable[[Journey], Tensor]) -> Builder:
    """The masked StarGAN, whose generator has one loss more: 0 before step BAD."""

    def build(space: Space) -> Method:
        method = build_masked(space)
        judging, drawing = method.phases
        terms = Objective(trouble=(1, lambda journey: loss(journey) if journey.draws.step >= BAD else journey.translated.sum() * 0))
        return replace(method, phases=(judging, replace(drawing, objective=drawing.objective.adding(**terms.terms))))

    return build


def assert_good(run: Path, step: int) -> None:
    """The last checkpoint is of that step, loads, and holds finite numbers only."""
    checkpoint = latest_checkpoint(run)
    assert checkpoint is not None and int(checkpoint.name) == step
    fresh = trainer(run, build_masked, noise(PHOTOS))
    assert restore_training(checkpoint, fresh.trainee, fresh.averages) == step
    for method in (fresh.method, fresh.averages):
        assert all(value.isfinite().all() for value in method.networks.state_dict().values())


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_a_loss_that_is_not_finite_stops_the_training(value: str, tmp_path: Path) -> None:
    training = trainer(
        tmp_path, going_wrong(lambda journey: journey.translated.sum() * 0 + float(value)), noise(PHOTOS), checkpoint_every=2
    )
    with pytest.raises(NotFiniteError, match=rf"generator/trouble is {value} at step {BAD}\b"):
        training.train(12)
    assert_good(tmp_path, BAD)


def test_a_gradient_that_is_not_finite_never_reaches_a_checkpoint(tmp_path: Path) -> None:
    """All losses of the step are finite, and so the step goes through; the weights after it are lost."""
    training = trainer(tmp_path, going_wrong(lambda journey: Zero.apply(journey.translated)), noise(PHOTOS), checkpoint_every=1)
    with pytest.raises(NotFiniteError, match=r"\bstep \d"):
        training.train(12)
    assert_good(tmp_path, BAD)


FULL = """
import resource, signal, sys
from pathlib import Path
from contracts.cases import PHOTOS, build_masked
from training.small import noise, trainer
from viceversa.errors import UsageError

run, limit = Path(sys.argv[1]), int(sys.argv[2])
trainer(run, build_masked, noise(PHOTOS)).train(3)
training = trainer(run, build_masked, noise(PHOTOS))
training.resume()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    training.train(6)
except UsageError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="files have no limit here")
@pytest.mark.parametrize("limit", [20_000, 300], ids=["the checkpoint", "any file"])
def test_a_full_disk_is_one_clear_line_and_the_checkpoint_before_it_survives(limit: int, tmp_path: Path) -> None:
    """No file may grow beyond the limit: too little for a checkpoint, or even for a line of the log."""
    (message,) = finish(start(FULL, tmp_path, limit)).splitlines()
    assert "cannot write" in message and str(tmp_path) in message and "File too large" in message
    if limit > 300:
        assert "checkpoint of step 6" in message and "step 3 is intact" in message
    assert_good(tmp_path, 3)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["00000003"]
