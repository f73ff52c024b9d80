"""Checkpoints: whole or not there, kept by twos, and loaded only where they belong."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from contracts.case import ALIKE, PHOTOS
from contracts.cases import MASKED, build_cyclegan, build_masked, build_stargan
from processes import start
from training.small import assert_same_runs, finish, noise, trainer, wait
from viceversa.core.method import Builder, Method
from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.methods import stargan
from viceversa.runs.weights import latest_checkpoint, restore_weights
from viceversa.training.checkpoints import restore_training, save_checkpoint

HEAVY = """
import sys
from pathlib import Path
from contracts.case import PHOTOS
from training.small import noise, trainer
from training.test_checkpoints import build_heavy
training = trainer(Path(sys.argv[1]), build_heavy, noise(PHOTOS), checkpoint_every=1)
training.resume()
training.train(int(sys.argv[2]))
"""


def build_heavy(space: Space) -> Method:
    """30 MB of weights and moments: a checkpoint takes a while to write."""
    return stargan.build(space, MASKED.model_copy(update={"critic_width": 256}))


def checkpoints(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").glob("0*"))


def trained(run: Path, build: Builder = build_masked, space: Space = PHOTOS, steps: int = 2) -> Path:
    trainer(run, build, noise(space)).train(steps)
    latest = latest_checkpoint(run)
    assert latest is not None
    return latest


def restored(checkpoint: Path, run: Path, build: Builder = build_masked, space: Space = PHOTOS) -> int:
    fresh = trainer(run, build, noise(space), seed=1)
    return restore_training(checkpoint, fresh.trainee, fresh.averages)


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    training = trainer(tmp_path, build_masked, noise(PHOTOS), checkpoint_every=2)
    assert latest_checkpoint(tmp_path) is None
    for until, kept in ((1, [1]), (2, [1, 2]), (7, [6, 7])):
        training.train(until)
        assert checkpoints(tmp_path) == [f"{step:08d}" for step in kept]
    assert latest_checkpoint(tmp_path) == tmp_path / "checkpoints" / "00000007"


def test_a_checkpoint_brings_everything_back(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path / "run")
    fresh = trainer(tmp_path / "fresh", build_masked, noise(PHOTOS), seed=1)
    fresh.train(1)
    assert restore_training(checkpoint, fresh.trainee, fresh.averages) == 2
    (tmp_path / "fresh" / "metrics.jsonl").write_bytes((tmp_path / "run" / "metrics.jsonl").read_bytes())
    save_checkpoint(tmp_path / "fresh", 2, fresh.trainee, fresh.averages)
    assert_same_runs(tmp_path / "run", tmp_path / "fresh")


def test_averages_are_loaded_where_they_are_asked_for(tmp_path: Path) -> None:
    training = trainer(tmp_path, build_masked, noise(PHOTOS))
    training.train(4)
    checkpoint = latest_checkpoint(tmp_path)
    for averaged, source in ((False, training.method), (True, training.translating())):
        method = build_masked(PHOTOS)
        restore_weights(checkpoint, method, averaged=averaged)
        expected = source.networks.state_dict()
        assert all(torch.equal(value, expected[name]) for name, value in method.networks.state_dict().items())


@pytest.mark.parametrize("saved", [build_stargan, build_heavy], ids=["other weights", "other shapes"])
def test_another_method_is_refused(saved: Builder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="checkpoint of another method"):
        restored(trained(tmp_path / "run", saved), tmp_path / "fresh")


def test_a_method_with_more_or_fewer_networks_is_refused(tmp_path: Path) -> None:
    def build_more(space: Space) -> Method:
        method = build_masked(space)
        return replace(method, networks=torch.nn.ModuleDict({**method.networks, "other": torch.nn.Linear(1, 1)}))

    with pytest.raises(UsageError, match=r"it lacks other\.bias"):
        restored(trained(tmp_path / "run"), tmp_path / "fresh", build_more)
    with pytest.raises(UsageError, match=r"this method has no weight other\.\w+ \(1"):
        restored(trained(tmp_path / "more", build_more), tmp_path / "fresh")


def test_other_optimizers_or_memory_are_refused(tmp_path: Path) -> None:
    def build_one(space: Space) -> Method:
        """Only the discriminator learns."""
        method = build_masked(space)
        return replace(method, optimizers={"discriminator": method.optimizers["discriminator"]}, phases=method.phases[:1])

    def build_forgetful(space: Space) -> Method:
        return replace(build_cyclegan(space), memory={})

    with pytest.raises(UsageError, match=r"optimizers are \['discriminator', 'generator'\], not \['discriminator'\]"):
        restored(trained(tmp_path / "run"), tmp_path / "fresh", build_one)
    with pytest.raises(UsageError, match=r"memory are \['pool'\], not \[\]"):
        restored(trained(tmp_path / "pooled", build_cyclegan, ALIKE), tmp_path / "forgetful", build_forgetful, ALIKE)


@pytest.mark.parametrize("name", ["networks.safetensors", "averages.safetensors", "training.pt"])
@pytest.mark.parametrize("damage", ["cut", "text", "missing"])
def test_a_damaged_file_is_named(name: str, damage: str, tmp_path: Path) -> None:
    checkpoint = trained(tmp_path / "run")
    file = checkpoint / name
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-100] if damage == "cut" else b"not a checkpoint")
    with pytest.raises(UsageError) as refused:
        restored(checkpoint, tmp_path / "fresh")
    assert name in str(refused.value) and "\n" not in str(refused.value)


def test_a_training_state_that_would_run_code_is_refused(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path / "run")
    torch.save({"step": Path("anything")}, checkpoint / "training.pt")
    with pytest.raises(UsageError, match=r"training\.pt"):
        restored(checkpoint, tmp_path / "fresh")


def test_a_kill_in_the_middle_of_writing_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    """Killed while a checkpoint is half written, the run goes on from the one before and ends as if nothing happened."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = start(HEAVY, killed, 1000)
    wait(process, lambda: latest_step(killed) >= 3 and bool(partial(killed)))
    process.send_signal(signal.SIGKILL)
    finish(process, -signal.SIGKILL)
    assert partial(killed), "killed too late: nothing was half written"
    step = latest_step(killed)
    assert restored(killed / "checkpoints" / f"{step:08d}", tmp_path / "fresh", build_heavy) == step >= 3
    finish(start(HEAVY, killed, step + 2))
    finish(start(HEAVY, whole, step + 2))
    assert_same_runs(whole, killed)
    assert not partial(killed), "what was half written is still there"


def partial(run: Path) -> list[Path]:
    """Half checkpoints with something in them."""
    return list((run / "checkpoints").glob(".partial-*/*"))


def latest_step(run: Path) -> int:
    latest = latest_checkpoint(run)
    return int(latest.name) if latest else 0
