"""What goes wrong in a training: numbers that are not finite, a disk or a memory that is full, folders that cannot be written
or are gone, files that are damaged. It is one clear line, and the last good checkpoint survives."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from contracts.case import PHOTOS
from contracts.cases import build_masked
from processes import start
from training.small import assert_same_runs, finish, noise, trainer, wait
from viceversa.core.journey import Journey
from viceversa.core.method import Builder, Method
from viceversa.core.objective import Objective
from viceversa.core.space import Space
from viceversa.errors import NotFiniteError, UsageError, is_out_of_memory
from viceversa.inference.load import load
from viceversa.runs.weights import latest_checkpoint
from viceversa.training.checkpoints import restore_training
from viceversa.training.run import train
from viceversa.training.trainer import Trainer

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
from contracts.case import PHOTOS
from contracts.cases import build_masked
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


LARGE = """
import resource, sys
from pathlib import Path
from contracts.case import PHOTOS
from contracts.cases import build_masked
from training.small import noise, trainer
from viceversa.errors import UsageError

run, batch, most = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
trainer(run, build_masked, noise(PHOTOS)).train(3)
training = trainer(run, build_masked, noise(PHOTOS, {"train": 20_000, "validation": 4, "test": 4}), batch=batch)
training.resume()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100 * 2**20,) * 2)
try:
    training.train(most)
except UsageError as error:
    print(error)
"""

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")


@LINUX
def test_memory_that_is_full_names_a_batch_that_fits(tmp_path: Path) -> None:
    """100 MiB: one activation of 20000 images in 4 channels of 8x8 has 20 MB, and the networks have dozens."""
    (message,) = finish(start(LARGE, tmp_path, 20_000, 6)).splitlines()
    found = re.fullmatch(
        r"out of memory at step 3, with batches of 20000 images of 8x8 pixels: `batch=(\d+)` fits; "
        r"the checkpoint of step 3 is intact\.", message,
    )  # fmt: skip
    assert found, message
    assert_good(tmp_path, 3)
    batch = int(found[1])
    assert batch in [20_000 // 2**times for times in range(1, 8)]
    assert finish(start(LARGE, tmp_path, batch, 9)) == ""
    assert_good(tmp_path, 9)


LARGE_COMMAND = """
import resource, sys
from pathlib import Path
from viceversa.cli import main, train
from viceversa.data.sets.avatars import avatars

avatars(32)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 600 * 2**20,) * 2)
small = "--method.width 16 --method.blocks 1 --method.critic-width 16 --training.no-labeller"
main(["train", "stargan", "--out", sys.argv[1], "--batch", "8000", *small.split()])
"""


@LINUX
def test_full_memory_is_one_line_of_the_command(tmp_path: Path) -> None:
    process = start(LARGE_COMMAND, tmp_path / "run")
    output, errors = process.communicate(timeout=200)
    *shown, line = errors.splitlines()
    assert [each.partition(":")[0] for each in shown] == ["data", "model", "device", "files"]
    assert (process.returncode, output) == (2, "")
    assert line.startswith("viceversa: out of memory at step 0, with batches of 8000 images of 32x32 pixels: --batch ")
    assert line.endswith("there is no checkpoint yet.")


def test_what_is_out_of_memory() -> None:
    for allocate in (lambda: torch.empty(2**50), lambda: np.empty(2**55, np.uint8), lambda: bytearray(2**55)):
        with pytest.raises((RuntimeError, MemoryError)) as full:
            allocate()
        assert is_out_of_memory(full.value)
    with pytest.raises(RuntimeError) as other:
        torch.ones(2) + torch.ones(3)
    assert not is_out_of_memory(other.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))


TRAIN = """
import sys
from viceversa.cli import main
small = "--method.width 4 --method.blocks 1 --method.critic-width 4 --batch 2 --training.no-labeller"
often = "--steps 100000 --training.checkpoint-every 3 --training.sample-every 7"
main(["train", "stargan", "--out", sys.argv[1], *small.split(), *often.split()])
"""


def test_a_folder_that_vanishes_is_one_line_and_does_not_come_back(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(TRAIN, run)
    wait(process, lambda: latest_checkpoint(run) is not None)
    run.rename(tmp_path / "elsewhere")  # at once: removing file by file meets a training that writes more
    shutil.rmtree(tmp_path / "elsewhere")
    output, errors = process.communicate(timeout=100)
    *shown, line = errors.splitlines()
    assert all(each.startswith(("data:", "model:", "device:", "files:", "time:", "step ")) for each in shown)
    assert (process.returncode, output) == (2, "")
    assert line.startswith("viceversa: cannot write") and str(run) in line and "No such file or directory" in line
    assert not run.exists()


READ_ONLY = """
import os
from pathlib import Path
from contracts.case import PHOTOS
from contracts.cases import build_masked
from training.small import noise, trainer
from viceversa.errors import UsageError
from viceversa.training.run import train

trainer(Path("warm"), build_masked, noise(PHOTOS)).train(1)  # imports what root alone may be able to
if os.geteuid() == 0:
    os.seteuid(65534)  # root would write everywhere
run = Path("run")
trainer(run, build_masked, noise(PHOTOS)).train(3)

def go_on():
    training = trainer(run, build_masked, noise(PHOTOS))
    training.resume()
    training.train(6)

for folder, attempt in ((run / "checkpoints", go_on), (run, go_on), (run, lambda: train(build_masked, out="run"))):
    folder.chmod(0o555)
    try:
        attempt()
    except UsageError as error:
        print(error)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="folders have other permissions here")
def test_a_read_only_folder_is_one_line_and_the_checkpoint_survives() -> None:
    with tempfile.TemporaryDirectory() as name:  # the folders above tmp_path are open to its owner alone
        folder = Path(name)
        folder.chmod(0o777)
        saving, logging, locking = finish(start(READ_ONLY, cwd=folder)).splitlines()
        for closed in (folder / "run", folder / "run" / "checkpoints"):
            closed.chmod(0o755)
        assert_good(folder / "run", 3)
    assert saving.startswith("cannot write the checkpoint of step 6 to 'run/checkpoints': Permission denied;")
    assert saving.endswith("the checkpoint of step 3 is intact.")
    assert logging == locking == "cannot write to 'run': Permission denied."


def flip(file: Path) -> None:
    """Changes one bit in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    """Takes off the last two bytes: of JSON the newline and the last brace."""
    file.write_bytes(file.read_bytes()[:-2])


FILES = ("networks.safetensors", "averages.safetensors", "training.pt", "manifest.json")


def often(run: Path) -> Trainer:
    """With a checkpoint after every other step."""
    return trainer(run, build_masked, noise(PHOTOS), checkpoint_every=2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six steps, `whole`, and one that stopped after four, `parts`."""
    folder = tmp_path_factory.mktemp("trained")
    often(folder / "whole").train(6)
    often(folder / "parts").train(4)
    return folder


@pytest.mark.parametrize("damage", [flip, Path.unlink, cut], ids=["flip", "gone", "cut"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
    name: str, damage: Callable[[Path], None], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained / "parts", tmp_path / "parts")
    file = tmp_path / "parts" / "checkpoints" / "00000004" / name
    damage(file)
    again = often(tmp_path / "parts")
    assert again.resume() == 2
    (line,) = capsys.readouterr().err.splitlines()
    if (name, damage) == ("manifest.json", flip):  # which makes it the manifest of another file
        name = "averages.safetensors"
    named = str(file.with_name(name))
    assert line == f"viceversa: {named!r} is missing or damaged: taking the checkpoint of step 2, which is complete."
    again.train(3)
    assert [path.name for path in sorted((tmp_path / "parts" / "checkpoints").iterdir())] == ["00000002", "00000003"]
    again = often(tmp_path / "parts")
    assert again.resume() == 3
    again.train(6)
    assert_same_runs(trained / "whole", tmp_path / "parts", but_logged=(3,))
    assert not capsys.readouterr().err


def test_a_run_whose_checkpoints_are_all_damaged_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path, build_masked, noise(PHOTOS), checkpoint_every=1).train(2)
    for name in ("00000001", "00000002"):
        flip(tmp_path / "checkpoints" / name / "networks.safetensors")
    with pytest.raises(UsageError, match=r"has no complete checkpoint: .*00000002/networks\.safetensors' is missing or damaged"):
        trainer(tmp_path, build_masked, noise(PHOTOS)).resume()


def test_translation_takes_the_last_whole_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"batch": 2, "labeller": False, "quiet": True, "checkpoint_every": 1}
    train(build_masked, out=tmp_path, steps=2, **settings)
    assert load(tmp_path, build=build_masked).step == 2
    flip(tmp_path / "checkpoints" / "00000002" / "averages.safetensors")
    assert load(tmp_path, build=build_masked).step == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "averages.safetensors" in line


def test_the_manifest_lists_what_is_there(tmp_path: Path) -> None:
    trainer(tmp_path, build_masked, noise(PHOTOS)).train(1)
    checkpoint = latest_checkpoint(tmp_path)
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    assert {*manifest, "manifest.json"} == {path.name for path in checkpoint.iterdir()} == set(FILES)
    assert all(size == (checkpoint / name).stat().st_size for name, (size, _) in manifest.items())
