"""What a training will take is what it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

import viceversa as vv
from contracts.case import PHOTOS
from processes import command
from training.small import noise, trainer
from viceversa.core.method import Method
from viceversa.core.space import Space
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import stargan
from viceversa.training.operations import Operations
from viceversa.training.probe import Kind, kinds_of

SMALL = stargan.StarGAN(width=4, blocks=1, critic_width=4)


def build(space: Space) -> Method:
    return stargan.build(space, SMALL)


@pytest.mark.parametrize("steps", [100, 100_000])
def test_the_kinds_of_steps_and_their_shares(steps: int) -> None:
    """Four of five steps are the discriminator's; a chain that begins half way adds a kind."""
    method = build(PHOTOS)
    assert [kind.share for kind in kinds_of(method, steps, 10)] == pytest.approx([0.8, 0.2], abs=0.01)
    later = kinds_of(multicyclic(method, (0.25,), start=0.5), steps, 10)
    assert [kind.share for kind in later] == pytest.approx([0.8, 0.1, 0.1], abs=0.01)
    assert max(later[1].steps) < steps / 2 <= min(later[2].steps)
    lazy = SMALL.model_copy(update={"gan": "hinge-r1", "critic_steps": 1})
    assert [kind.share for kind in kinds_of(stargan.build(PHOTOS, lazy), steps, 10)] == pytest.approx([0.25, 0.75], abs=0.01)


def test_a_single_step_is_one_kind() -> None:
    assert kinds_of(build(PHOTOS), 1, 10) == [Kind([0, 0, 0], 1.0)]


def test_operations_are_those_of_a_training(tmp_path: Path) -> None:
    data = noise(PHOTOS, {"train": 16, "validation": 4, "test": 4})
    found = trainer(tmp_path / "probe", build, data, batch=4, steps=20).estimate(tmp_path)
    training = trainer(tmp_path / "run", build, data, batch=4, steps=20)
    with Operations() as counted:  # type: ignore[no-untyped-call]
        for _ in range(training.settings.steps):
            training.one_step()
    assert found.operations == pytest.approx(counted.total / training.settings.steps)
    assert 0 < found.fastest <= found.seconds <= found.slowest and found.steps == training.settings.steps
    assert found.memory > 50 * 2**20 and found.free > 0
    assert found.checkpoint == sum(file.stat().st_size for file in next((tmp_path / "probe" / "checkpoints").iterdir()).iterdir())


def test_the_command_says_it_and_writes_nothing(tmp_path: Path) -> None:
    small = "--method.width 4 --method.blocks 1 --method.critic-width 4 --size 32 --batch 2 --steps 1000"
    done = command("train", "stargan", *small.split(), "--out", str(tmp_path / "run"), "--dry-run", cwd=tmp_path)
    assert done.returncode == 0 and list(tmp_path.iterdir()) == []
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["operations", "memory", "time", "disk"]
    assert "1,000 steps take" in done.stdout


def test_python_returns_it_and_writes_nothing(tmp_path: Path) -> None:
    settings = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4}
    found = vv.train("stargan", out=tmp_path / "run", size=32, batch=2, steps=50, dry_run=True, quiet=True, settings=settings)
    assert found.step == 0 and found.estimate and found.estimate.steps == 50 and list(tmp_path.iterdir()) == []
    assert repr(found).splitlines() == found.estimate.lines()
