"""A training that is judged: which checkpoint is the best, what is told, how long it takes, and that nothing is disturbed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contracts.cases import build_masked
from training.small import assert_same_runs, trainer
from training.test_learns import ROOM, rooms
from viceversa.core.domains import Domain
from viceversa.core.method import Method, Optimizer, Phase, to_labels
from viceversa.core.objective import Objective
from viceversa.core.plans import Retarget
from viceversa.core.space import Space
from viceversa.data.dataset import Dataset
from viceversa.device import CPU
from viceversa.images.pixels import Pixels
from viceversa.losses.adversarial import Discriminate
from viceversa.losses.gan import Hinge
from viceversa.metrics.labeller_training import save_labeller
from viceversa.networks.adapters import Classifying
from viceversa.networks.stargan import ClassifyingDiscriminator
from viceversa.recipes.settings import Training
from viceversa.runs.selection import best_checkpoint, best_validation
from viceversa.training import validation
from viceversa.training.checkpoints import save_checkpoint
from viceversa.training.examination import examination, share_returned
from viceversa.training.step import Trainee
from viceversa.training.validation import Allowance, Validator


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is always time."""
    monkeypatch.setattr(validation, "FIRST", 0.0)
    monkeypatch.setattr(validation, "SHARE", 1e9)


def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
    """The rooms with the lamp as it is to be."""
    assert labels is not None
    pixels = rooms(split, int(positions.max()) + 1).pixels[positions]
    pixels[:, 2:4, 2:4] = 255 * labels.numpy().astype(np.uint8)[:, :, None, None]
    return pixels


def dataset(*, known: bool = True, name: str = "rooms-v1") -> Dataset:
    counts = (("train", 128), ("validation", 80), ("test", 64))
    return Dataset(name, ROOM, {split: {"rooms": rooms(split, count)} for split, count in counts}, truth if known else None)


class Painter(nn.Module):
    """Moves the lamp towards what it is to be, by a share; then `spoils` the picture. Learns nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.tensor(1.0))
        self.norm, self.dropout = nn.BatchNorm2d(3), nn.Dropout(0.5)
        self.spoils: Callable[[Tensor], Tensor] = lambda image: image

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        assert target.label is not None
        painted = image.clone()
        wanted = (2 * target.label - 1)[:, :, None, None]
        painted[:, :, 2:4, 2:4] += self.share * (wanted - painted[:, :, 2:4, 2:4])
        return self.spoils(painted + 0 * self.dropout(self.norm(image)))


def paint(space: Space) -> Method:
    painter = Painter()
    plan = Retarget(space, translate=painter, discriminate=painter)
    return Method(
        translator=painter,
        networks=nn.ModuleDict({"generator": painter}),
        optimizers={"generator": Optimizer(1e-9)},
        phases=(Phase("generator", learns=("generator",), plan=plan, objective=Objective()),),
        destination=to_labels(space),
        averaged=("generator",),
    )


def judged(run: Path, step: int, share: float, judge: Validator, *, last: bool = False) -> None:
    """Saves and judges a checkpoint of a painter of that share."""
    method, averages = paint(ROOM), paint(ROOM)
    run.mkdir(exist_ok=True)
    with torch.no_grad():
        averages.translator.share.fill_(share)
    save_checkpoint(run, step, Trainee(method), averages)
    judge.judge(step, method, averages, last=last)


def steps_of_best(run: Path) -> list[str]:
    return [path.name for path in (run / "best").iterdir()]


@pytest.mark.usefixtures("at_once")
def test_the_best_is_kept_and_of_equals_the_later_one(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    judge = Validator(run, dataset(), Training())
    for step, share, best in ((1, 0.2, 1), (2, 0.9, 2), (3, 0.9, 3), (4, 0.5, 3)):
        judged(run, step, share, judge)
        assert steps_of_best(run) == [f"{best:08d}"]
    again = Validator(run, dataset(), Training())
    for step, share, best in ((5, 0.89, 3), (6, 1.0, 6), (7, 0.0, 6)):
        judged(run, step, share, again)
        assert steps_of_best(run) == [f"{best:08d}"], "a run that goes on knows its best"
    found = best_validation(run)
    assert found is not None and (found.step, found.metric, found.value) == (6, "psnr_to_truth", 100.0)
    log = [json.loads(line) for line in (run / "validation.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [1, 2, 3, 4, 5, 6, 7]
    changes = [line["measures"]["change"] for line in log]
    assert changes[0] == pytest.approx(0.2 * changes[5], rel=0.02), "the lamp is changed by a fifth"


@pytest.mark.usefixtures("at_once")
def test_without_true_edits_labels_decide_or_nothing_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    unknown = dataset(known=False, name="rooms-unknown-v1")
    judged(tmp_path / "bare", 1, 1.0, Validator(tmp_path / "bare", unknown, Training()))
    line = "viceversa: rooms-unknown-v1 has neither ground truth nor labels for a labeller: no best checkpoint is kept"
    assert capsys.readouterr().err.startswith(line) and not (tmp_path / "bare" / "best").exists()

    run = tmp_path / "run"
    run.mkdir()
    save_labeller(unknown, run / "labeller.safetensors", quiet=True)
    judge = Validator(run, unknown, Training())
    for step, share, best in ((1, 0.0, 1), (2, 1.0, 2), (3, 1.0, 3), (4, 0.0, 3)):
        judged(run, step, share, judge)
        assert steps_of_best(run) == [f"{best:08d}"]
    assert (
        capsys.readouterr().err
        == "viceversa: rooms-unknown-v1 has no ground truth: change_and_return chooses the best checkpoint.\n"
    )
    values = [json.loads(line)["value"] for line in (run / "validation.jsonl").read_text().splitlines()]
    assert values == pytest.approx([0, 1, 1, 0]), "who changes nothing has nothing; who does all, and comes home, has all"

    asked = examination(run, dataset(), Training(best="change_and_return"), CPU)
    assert asked.metric == "change_and_return", "what is asked for goes before what is preferred"
    assert examination(run, dataset(), Training(best="none"), CPU).metric == "none"


def test_what_returns_is_a_share_of_variance() -> None:
    """Values 0 and 200, variance 100^2: all, none for the mean, 3 / 4 half way to it, none for negatives, whose share is -3."""
    x = np.array([0, 200] * 8, np.uint8).reshape(2, 2, 2, 2)
    means = np.full_like(x, 100)
    assert [share_returned(y, x) for y in (x, means, x // 2 + 50, 200 - x)] == [1, 0, 0.75, 0]
    assert [share_returned(y, means) for y in (means, x)] == [1, 0]


def test_time_is_allowed_by_its_share() -> None:
    """Of 100 s 5 are for judging; none before a minute."""
    spare = Allowance(100, 4)
    assert spare.affords(0.9) and not spare.affords(1.1)
    assert Allowance(61).affords(3) and not Allowance(59).affords()
    with spare.spending():
        time.sleep(0.02)
    assert 4.02 <= spare.spent <= 4.2 and spare.elapsed >= 100.02


def slowly(image: Tensor) -> Tensor:
    """A translation of a batch takes 10 ms, so that twelve of them are a look at 64 images."""
    time.sleep(0.01)
    return image


def test_judging_stays_within_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it is judged, and at the end, for which time is left; also over a resume. A short training is not."""
    run = tmp_path / "run"
    run.mkdir()
    method = paint(ROOM)
    assert isinstance(method.translator, Painter)
    method.translator.spoils = slowly
    save_checkpoint(run, 1, Trainee(method), method)
    Validator(run, dataset(), Training()).judge(1, method, method, last=True)
    assert not (run / "validation.jsonl").exists() and best_checkpoint(run) is None
    monkeypatch.setattr(validation, "FIRST", 0.1)
    monkeypatch.setattr(validation, "SHARE", 0.4)
    for last in (40, 80):
        judge = Validator(run, dataset(), Training(best="none"))
        for step in range(last - 40, last + 1):
            time.sleep(0.03)
            judge.judge(step, method, method, last=step == last)
    log = [json.loads(line) for line in (run / "validation.jsonl").read_text().splitlines()]
    assert all(line["spent"] <= 0.5 * line["elapsed"] for line in log), "0.4, and what a look takes longer than the one before"
    assert {40, 80} <= {line["step"] for line in log} and len(log) < 40
    assert sum(line["seconds"] for line in log) <= log[-1]["spent"] <= log[-1]["elapsed"]


@pytest.mark.usefixtures("at_once")
def test_a_sign_is_told_once_until_it_goes_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing before step 300, when all looks bad; nothing twice, also not after a resume; again when it comes back."""
    run = tmp_path / "run"
    run.mkdir()
    judge = Validator(run, dataset(), Training())
    for step, share, told in ((299, 0, ""), (300, 0, "step 300"), (301, 0, ""), (302, 1, ""), (303, 0, "step 303")):
        judged(run, step, share, judge)
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == bool(told)
        assert all(line.startswith(f"viceversa: {told}: outputs equal inputs (change 0, below 0.02): ") for line in lines)
    judged(run, 304, 0, Validator(run, dataset(), Training()))
    assert not capsys.readouterr().err


def judge_gray(space: Space) -> Method:
    """Only the discriminator learns, and all that it is shown as made is gray."""
    method = paint(space)
    assert isinstance(method.translator, Painter)
    method.translator.spoils = torch.zeros_like
    critic = Classifying(ClassifyingDiscriminator(space.images["rooms"], space.label_width, width=8, layers=2))
    plan = Retarget(space, translate=method.translator, discriminate=critic)
    judging = Phase(
        "discriminator", learns=("discriminator",), plan=plan, objective=Objective(adversarial=(1, Discriminate(Hinge())))
    )
    networks = nn.ModuleDict({"generator": method.translator, "discriminator": critic})
    return replace(method, networks=networks, optimizers={"discriminator": Optimizer(1e-3)}, phases=(judging,))


@pytest.mark.usefixtures("at_once")
def test_a_discriminator_wins_against_a_generator_that_stands_still(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told when it is so at two looks in a row. tests/training/test_learns.py has a healthy one."""
    monkeypatch.setattr(validation, "EARLY", 1)
    trainer(tmp_path, judge_gray, dataset(), steps=1000, batch=16, checkpoint_every=20).train(80)
    log = [json.loads(line) for line in (tmp_path / "validation.jsonl").read_text().splitlines()]
    far = [line["measures"]["separation"] > 0.995 for line in log]
    first = next(place for place in range(1, len(far)) if far[place - 1] and far[place])
    assert ["the discriminator has won" in line["signs"] for line in log] == [place >= first for place in range(len(log))]
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "discriminator" in line)
    assert line.startswith(f"viceversa: step {log[first]['step']}: the discriminator has won (separation ")


def test_judging_disturbs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights, running statistics, optimizers and the log of a training with dropout are those of one that is not judged."""
    for build_one, name in ((judge_gray, "normalized"), (build_masked, "masked")):
        runs = [tmp_path / f"{name} {seconds}" for seconds in (1e9, 0.0)]
        for run, seconds in zip(runs, (1e9, 0.0), strict=True):
            monkeypatch.setattr(validation, "FIRST", seconds)
            monkeypatch.setattr(validation, "SHARE", 1e9)
            training = trainer(run, build_one, dataset(), checkpoint_every=2)
            modes = [module.training for module in training.method.networks.modules()]
            training.train(6)
            assert [module.training for module in training.method.networks.modules()] == modes
        assert_same_runs(*runs)
        assert [(run / "validation.jsonl").exists() for run in runs] == [False, True]


@pytest.mark.usefixtures("at_once")
def test_what_cannot_be_judged_is_said_once_and_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As with a labeller that is damaged."""
    (tmp_path / "labeller.safetensors").write_bytes(b"none")
    trainer(tmp_path, build_masked, dataset(known=False), checkpoint_every=2).train(6)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "viceversa: the training runs without validation and keeps no best checkpoint: cannot read the labeller "
    )
    assert best_checkpoint(tmp_path) is None and (tmp_path / "checkpoints" / "00000006").is_dir()


@pytest.mark.usefixtures("at_once")
def test_lines_that_are_damaged_are_left_out(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    judge = Validator(run, dataset(), Training())
    judged(run, 1, 1.0, judge)
    whole = (run / "validation.jsonl").read_bytes()
    (run / "validation.jsonl").write_bytes(b"\0\n[1]\n" + whole + b'{"step": -1}\n{"step": 2, "value": NaN}\n{"step": 3, "va')
    judged(run, 4, 0.5, Validator(run, dataset(), Training()))
    lines = (run / "validation.jsonl").read_bytes().splitlines(keepends=True)
    assert lines[0] == whole and [json.loads(line)["step"] for line in lines] == [1, 4]
