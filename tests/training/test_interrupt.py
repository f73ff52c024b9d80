"""Ctrl-C and SIGTERM in real processes: a checkpoint of the step it reached, an orderly end of the whole script, nothing lost."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from contracts.case import PHOTOS
from contracts.cases import build_masked
from processes import start
from training.small import assert_same_runs, finish, noise, trainer, wait
from viceversa.errors import UsageError
from viceversa.files import remove
from viceversa.runs.weights import latest_checkpoint

OWN = """
import json, sys
from contracts.cases import build_masked
from viceversa.training.run import train

run, until, resume = sys.argv[1], int(sys.argv[2]) or None, sys.argv[3] == "resume"
settings = {"steps": 100_000, "batch": 2, "precision": "fp32", "labeller": False, "quiet": True}
outcome = train(build_masked, out=run, resume=resume, until=until, **settings)
print(json.dumps([str(outcome.run), outcome.step]))
"""

ENDS = {signal.SIGINT: -signal.SIGINT, signal.SIGTERM: 128 + signal.SIGTERM}
"""The exit status of a script after a signal; an uncaught KeyboardInterrupt is 130 to a shell."""
BOTH = pytest.mark.parametrize("number", ENDS, ids=["SIGINT", "SIGTERM"])


@BOTH
def test_an_interrupted_training_ends_in_order_and_goes_on_exactly(number: signal.Signals, tmp_path: Path) -> None:
    parts, whole = tmp_path / "parts", tmp_path / "whole"
    log = parts / "metrics.jsonl"
    process = start(OWN, parts, 0, "begin")
    wait(process, lambda: log.exists() and log.read_bytes().count(b"\n") >= 2)
    process.send_signal(number)
    assert not finish(process, ENDS[number]), "what comes behind the training in the script is not run"
    latest = latest_checkpoint(parts)
    assert latest is not None
    step = int(latest.name)
    assert step >= 20
    assert [path.name for path in (parts / "checkpoints").iterdir()] == [latest.name]

    end = step + 3
    assert json.loads(finish(start(OWN, parts, end, "resume"))) == [str(parts), end]
    assert json.loads(finish(start(OWN, whole, end, "begin"))) == [str(whole), end]
    assert_same_runs(whole, parts)


STUBBORN = """
import signal, sys
from pathlib import Path
from contracts.case import PHOTOS
from contracts.cases import build_masked
from training.small import noise, trainer

def build(space):
    method = build_masked(space)
    network = method.networks["generator"]
    network.register_forward_pre_hook(lambda *_: Path(sys.argv[1], "in the step").touch())
    network.register_forward_pre_hook(lambda *_: __import__("time").sleep(100))
    return method

trainer(Path(sys.argv[1]), build, noise(PHOTOS)).train(12)
"""


def test_a_second_signal_is_obeyed_at_once(tmp_path: Path) -> None:
    """In a step that does not end, the first is noted; the second ends the process."""
    process = start(STUBBORN, tmp_path)
    wait(process, (tmp_path / "in the step").exists)
    process.send_signal(signal.SIGTERM)
    with pytest.raises(Exception, match="timed out"):
        process.wait(3)
    process.send_signal(signal.SIGTERM)
    finish(process, -signal.SIGTERM)


SEEDS = """
import sys
import viceversa as vv
from contracts.cases import build_masked

for seed in range(3):
    settings = {"steps": 100_000, "batch": 2, "precision": "fp32", "labeller": False, "quiet": True}
    vv.train(build_masked, out=f"{sys.argv[1]}/{seed}", seed=seed, **settings)
    print("trained", seed, flush=True)
"""


@BOTH
def test_a_signal_ends_a_script_of_several_trainings_at_once(number: signal.Signals, tmp_path: Path) -> None:
    """The run that was in training is whole and can go on; the next one is not begun."""
    log = tmp_path / "0" / "metrics.jsonl"
    process = start(SEEDS, tmp_path)
    wait(process, lambda: log.exists() and log.read_bytes().count(b"\n") >= 1)
    process.send_signal(number)
    output, errors = process.communicate(timeout=200)
    assert (process.returncode, output) == (ENDS[number], "")
    assert [path.name for path in tmp_path.iterdir()] == ["0"]
    step = int(latest_checkpoint(tmp_path / "0").name)
    last = f"interrupted after step {step} of '{tmp_path / '0'}', which is saved; continue with `resume=True`."
    assert errors.splitlines()[-1] == f"{'KeyboardInterrupt' if number == signal.SIGINT else 'viceversa'}: {last}"
    assert json.loads(finish(start(OWN, tmp_path / "0", step + 1, "resume"))) == [str(tmp_path / "0"), step + 1]


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_during_the_last_step_ends_the_script_too(
    number: signal.Signals, raised: type[BaseException], tmp_path: Path
) -> None:
    training = trainer(tmp_path, build_masked, noise(PHOTOS))
    generator = training.method.networks["generator"]

    def send(*_: object) -> None:
        hook.remove()
        signal.raise_signal(number)

    hook = generator.register_forward_pre_hook(send)
    with pytest.raises(raised, match=r"^interrupted after step 1 of .*, which is saved; continue with `resume=True`\.$") as stop:
        training.train(1)
    assert getattr(stop.value, "code", None) == (143 if number == signal.SIGTERM else None)
    assert int(latest_checkpoint(tmp_path).name) == 1


def test_a_picture_that_cannot_be_written_costs_no_checkpoint(tmp_path: Path) -> None:
    """Interrupted after its first step of five, with a file in the place of the folder of pictures."""
    training = trainer(tmp_path, build_masked, noise(PHOTOS))

    def send(*_: object) -> None:
        hook.remove()
        remove(tmp_path / "samples")
        (tmp_path / "samples").touch()
        signal.raise_signal(signal.SIGINT)

    hook = training.method.networks["discriminator"].register_forward_pre_hook(send)
    with pytest.raises(UsageError, match="cannot write to"):
        training.train(5)
    assert int(latest_checkpoint(tmp_path).name) == 1


COMMAND = """
import sys
from viceversa.cli import main
small = "--method.width 4 --method.blocks 1 --method.critic-width 4 --batch 2 --training.no-labeller"
main(["train", "stargan", "--out", sys.argv[1], *small.split()])
"""


@BOTH
def test_the_command_says_how_to_go_on(number: signal.Signals, tmp_path: Path) -> None:
    run = tmp_path / "run"
    log = run / "metrics.jsonl"
    process = start(COMMAND, run)
    wait(process, lambda: log.exists() and log.read_bytes().count(b"\n") >= 1)
    process.send_signal(number)
    output, errors = process.communicate(timeout=200)
    step = int(latest_checkpoint(run).name)
    assert (process.returncode, output) == (128 + number, "")
    assert (
        errors.splitlines()[-1]
        == f"viceversa: interrupted after step {step} of {str(run)!r}, which is saved; continue with --resume."
    )
