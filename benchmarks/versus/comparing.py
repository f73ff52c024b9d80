"""What a reference and ours are compared by: the same numbers, times of neighbors, and peak memory."""

from __future__ import annotations

import contextlib
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from viceversa.core.method import Builder, Method, Optimizer
from viceversa.data.dataset import Dataset
from viceversa.device import device_named
from viceversa.recipes.settings import Training
from viceversa.training.processes import accelerator_for
from viceversa.training.trainer import Trainer

ALLOWED = 1e-4
"""Largest relative difference in the Euclidean norm."""
COMPARED = 2
"""Images on which both are compared."""
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class Agreement:
    """Relative differences of ours from the reference's by what is compared, and the reference's gradients by who learns."""

    found: dict[str, float]
    gradients: dict[str, Tensor]


def differences(agreement: Callable[[torch.dtype], Agreement]) -> dict[str, dict[str, float]]:
    """Return the differences in float64 and in fp32, and how large they may be in fp32.

    In fp32 gradients may differ twice as much as the reference's gradients differ from its own in float64: norms, and the signs
    of an L1 loss, amplify rounding.
    """
    double, single = (agreement(dtype) for dtype in (torch.float64, torch.float32))
    allowed = dict.fromkeys(double.found, ALLOWED)
    for learner, gradients in double.gradients.items():
        allowed[f"gradients of the {learner}"] = max(ALLOWED, 2 * relative(single.gradients[learner], gradients))
    return {
        name: {"float64": double.found[name], "fp32": single.found[name], "allowed_in_fp32": allowed[name]} for name in double.found
    }


def same(compared: dict[str, dict[str, float]]) -> bool:
    """Whether the two compute the same."""
    return all(each["float64"] <= ALLOWED and each["fp32"] <= each["allowed_in_fp32"] for each in compared.values())


def relative(ours: Tensor, theirs: Tensor) -> float:
    """|ours - theirs| / |theirs|, in the Euclidean norm."""
    return float((ours.detach().flatten() - theirs.detach().flatten()).norm() / theirs.detach().norm())


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """Tensors in a row, in float64."""
    return torch.cat([each.detach().flatten().double() for each in tensors])


def by_sgd(method: Method) -> Method:
    """The method with steps of 1e-3 times the gradient."""
    sgd = Optimizer(1e-3, algorithm=lambda weights, rate: torch.optim.SGD(weights, rate))
    return replace(method, optimizers=dict.fromkeys(method.optimizers, sgd))


def gradients_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """A list that receives the gradients with which the optimizer makes its steps."""
    found: list[Tensor] = []
    optimizer.register_step_pre_hook(
        lambda stepping, *_: found.extend(each.grad.clone() for each in stepping.param_groups[0]["params"])
    )
    return found


def pixels_of(image: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Images in [-1, 1], (N, C, H, W), as a data set holds them."""
    return ((image + 1) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def trainer_of(build: Builder, dataset: Dataset, batch: int, precision: str) -> Trainer:
    """Our trainer without a moving average, which the references do not have."""
    with tempfile.TemporaryDirectory() as folder:
        accelerator = accelerator_for(folder)
    settings = Training(batch=batch, steps=10**6, average=0.0)
    return Trainer(Path(), build, dataset, settings, accelerator, device_named(), precision, quiet=True)


def advance(trainer: Trainer, steps: int) -> None:
    """So many steps, with a look at the losses every tenth, as in a training."""
    for _ in range(steps):
        trainer.one_step()
    if trainer.step % 10 == 0:
        trainer._look()


def alternating(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each side, in turns; a first turn warms up and does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, run in sides.items():
            started = time.perf_counter()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def spread(one: list[float], other: list[float]) -> dict[str, float]:
    """The ratio of neighbors in time: its median, least and greatest; and the median seconds of both."""
    ratios = [first / second for first, second in zip(one, other, strict=True)]
    values = {"median": statistics.median(ratios), "least": min(ratios), "greatest": max(ratios)}
    values |= {"seconds": statistics.median(one), "seconds_of_other": statistics.median(other)}
    return {name: round(value, 3) for name, value in values.items()} | {"rounds": len(ratios)}


def said(name: str, values: dict[str, float]) -> None:
    """Print a ratio, as soon as it is measured."""
    words = f"{values['median']:.2f} ({values['least']:.2f} to {values['greatest']:.2f})"
    print(f"{name:<45} {words}; {values['seconds']:.2f} and {values['seconds_of_other']:.2f} s", flush=True)


def timed(
    theirs: Callable[[], object], trainers: dict[str, Trainer], steps: int, rounds: int
) -> Iterator[tuple[str, dict[str, float]]]:
    """Their time divided by ours, for each of our trainers by its name; an update of the generators each."""
    sides = {"theirs": theirs} | {name: (lambda each=each: advance(each, steps)) for name, each in trainers.items()}
    seconds = alternating(sides, rounds)
    for name in trainers:
        found = spread(seconds["theirs"], seconds[name])
        said(name, found)
        yield name, found


def translations(theirs: nn.Module, ours: Callable[[], object], inputs: tuple[Tensor, ...], rounds: int) -> dict[str, float]:
    """Their time divided by ours for the translation of a batch, without gradients."""
    theirs.eval()
    with torch.inference_mode():
        seconds = alternating({"theirs": lambda: theirs(*inputs), "ours": ours}, 3 * rounds)
    found = spread(seconds["theirs"], seconds["ours"])
    return found | {"images_per_second": round(len(inputs[0]) / statistics.median(seconds["ours"]), 2)}


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Nothing is printed within."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
