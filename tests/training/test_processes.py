"""Two processes train as one does: the same draws, shared batches, averaged gradients, one checkpoint."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from contracts.case import ALIKE, PHOTOS
from contracts.cases import CYCLEGAN, build_masked, build_stargan
from processes import pair, start
from training.small import Started, finish, noise, trainer, wait
from viceversa.core.method import Builder, Method, Optimizer
from viceversa.core.space import Space
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import cyclegan

WORKER = """
import json, os, sys
from pathlib import Path
from training.test_processes import METHODS
from training.small import noise, trainer
from viceversa.training import validation

validation.FIRST, validation.SHARE = 0.0, 1e9
(Path(sys.argv[1]) / f"rank {os.environ['RANK']}").write_text(str(os.getpid()))
build, space = METHODS[sys.argv[2]]
training = trainer(Path(sys.argv[1]), build, noise(space), steps=100_000, batch=5, flip=True, shift=1)
ended = None
try:
    training.train(int(sys.argv[3]))
except SystemExit as stop:
    ended = stop.code - 128
threads = [(each / "comm").read_text().strip() for each in Path("/proc/self/task").glob("*")]
assert not [name for name in threads if "gloo" in name], threads  # which may abort a process that ends
sys.stdout.write(json.dumps([training.accelerator.num_processes, training.step, ended]) + "\\n")  # at once: all share it
"""


def plainly(method: Method) -> Method:
    """With plain, small gradient steps: Adam's first ones are signs, which turn rounding errors into steps, and long ones
    are chaotic: within 3 steps at rate 0.005, CycleGAN's weights changed by 1e-7 at first differ by 0.02."""
    return replace(method, optimizers={name: Optimizer(1e-3, algorithm=torch.optim.SGD) for name in method.optimizers})


def build_multicyclic(space: Space) -> Method:
    return plainly(multicyclic(build_stargan(space)))


def build_masked_plainly(space: Space) -> Method:
    return plainly(build_masked(space))


def build_cyclegan_plainly(space: Space) -> Method:
    """Without a pool: each process would keep one of its own."""
    return plainly(cyclegan.build(space, CYCLEGAN.model_copy(update={"pool": 0})))


METHODS: dict[str, tuple[Builder, Space]] = {
    "multicyclic": (build_multicyclic, PHOTOS),
    "masked": (build_masked_plainly, PHOTOS),
    "cyclegan": (build_cyclegan_plainly, ALIKE),
}


LAUNCHER = "from torch.distributed.run import main\nmain()"


def launched(run: Path, method: str, until: int) -> Started:
    """Two processes of one training on this machine, started by PyTorch's launcher."""
    run.mkdir()
    script = run.parent / "worker.py"
    script.write_text(WORKER)
    return start(LAUNCHER, "--standalone", "--nproc-per-node", 2, script, run, method, until)


@pytest.mark.parametrize("name", METHODS)
def test_two_processes_equal_one(name: str, tmp_path: Path) -> None:
    """Thirteen images in batches of 5, 5 and 3, of which one process has 2, 2 and 1 images, the other 3, 3 and 2."""
    steps = 3
    (tmp_path / "two").mkdir()
    both = pair(WORKER, tmp_path / "two", name, steps)
    assert [json.loads(finish(each)) for each in both] == [[2, steps, None]] * 2
    (line,) = (tmp_path / "two" / "validation.jsonl").read_text().splitlines()
    assert json.loads(line)["step"] == steps, "the leading one judges, and the other does not wait for it"
    build, space = METHODS[name]
    single = trainer(tmp_path / "one", build, noise(space), steps=100_000, batch=5, flip=True, shift=1)
    before = {key: value.clone() for key, value in single.method.networks.state_dict().items()}
    single.train(steps)
    for file in ("networks.safetensors", "averages.safetensors"):
        one, two = (safetensors.torch.load_file(tmp_path / run / "checkpoints" / f"{steps:08d}" / file) for run in ("one", "two"))
        assert one.keys() == two.keys()
        for key, value in one.items():
            assert torch.allclose(value, two[key], rtol=0, atol=1e-5), key
    moved = max((value - before[key]).abs().max().item() for key, value in single.method.networks.state_dict().items())
    assert moved > 1e-3, "nothing was learned: the comparison would see no difference"


def test_processes_stop_together_when_one_is_told_to(tmp_path: Path) -> None:
    run = tmp_path / "run"
    launcher = launched(run, "masked", 100_000)
    log = run / "metrics.jsonl"
    wait(launcher, lambda: log.exists() and log.read_bytes().count(b"\n") >= 2)
    os.kill(int((run / "rank 1").read_text()), signal.SIGTERM)
    ends = [json.loads(line) for line in finish(launcher).splitlines()]
    (checkpoint,) = (run / "checkpoints").iterdir()
    assert [step for _, step, _ in ends] == [int(checkpoint.name)] * 2
    assert [ended for _, _, ended in ends] == [signal.SIGTERM] * 2, "each of them says why it ended"
