"""Ctrl-C and SIGTERM in a real process: a checkpoint of the step it reached, an orderly end, and nothing lost."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from training.small import assert_same_runs, finish, start, wait
from viceversa.training.checkpoint import latest_checkpoint

OWN = """
import json, sys
from contracts.cases import build_masked
from viceversa.training.run import train

run, until, resume = sys.argv[1], int(sys.argv[2]) or None, sys.argv[3] == "resume"
settings = {"steps": 100_000, "batch": 2, "precision": "fp32", "labeller": False, "quiet": True}
outcome = train(build_masked, out=run, resume=resume, until=until, **settings)
print(json.dumps([str(outcome.run), outcome.step, outcome.interrupted]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_training_ends_in_order_and_goes_on_exactly(number: signal.Signals, tmp_path: Path) -> None:
    parts, whole = tmp_path / "parts", tmp_path / "whole"
    log = parts / "metrics.jsonl"
    process = start(OWN, parts, 0, "begin")
    wait(process, lambda: log.exists() and log.read_bytes().count(b"\n") >= 2)
    process.send_signal(number)
    run, step, interrupted = json.loads(finish(process))
    assert (run, interrupted) == (str(parts), number)
    latest = latest_checkpoint(parts)
    assert latest is not None and int(latest.name) == step >= 20
    assert [path.name for path in (parts / "checkpoints").iterdir()] == [latest.name]

    end = step + 3
    assert json.loads(finish(start(OWN, parts, end, "resume"))) == [str(parts), end, None]
    assert json.loads(finish(start(OWN, whole, end, "begin"))) == [str(whole), end, None]
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
