"""StarGAN beside github.com/yunjey/stargan at 128 px: its own `Solver.train`, and our trainer."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.common import Figures
from benchmarks.parity.comparison import in_order
from benchmarks.versus import comparing
from benchmarks.versus.comparing import COMPARED, PRECISIONS, Agreement, flat, gradients_of, relative, said, silence
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws, seeded
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import stargan
from viceversa.training.step import Trainee, train_step
from viceversa.training.trainer import Trainer

SIZE, NAMES = 128, ("black", "blond", "brown", "male", "young")
SPACE = Space({"faces": ImageSpec(3, SIZE, SIZE)}, tuple(map(Binary, NAMES)))
STEPS = (1, 5)
"""Discriminator steps for each generator step (n_critic)."""
EXTRA = (0.25, 0.125, 0.0625)
CHANCES = [weight / sum(EXTRA) for weight in EXTRA]
CHEAP = {"form": "on-policy", "teacher": 5.0, "losses": ("adversarial", "classification")}
FORMS: dict[str, dict[str, Any]] = {"exact": {}, "stochastic": {"form": "stochastic"}, "on-policy, cheap": CHEAP}
"""Forms of the multicyclic loss that are timed."""


class Theirs:
    """The reference's solver on random images of a batch, whose `train` makes as many of its own iterations as are asked for."""

    def __init__(
        self,
        checkout: Path,
        batch: int,
        steps: int,
        logged: Callable[[str, float], None] | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        project = _solver_of(checkout)
        settings = {
            "c_dim": len(NAMES), "c2_dim": 8, "image_size": SIZE, "g_conv_dim": 64, "d_conv_dim": 64, "g_repeat_num": 6,
            "d_repeat_num": 6, "lambda_cls": 1, "lambda_rec": 10, "lambda_gp": 10, "dataset": "CelebA", "batch_size": batch,
            "num_iters": 1, "num_iters_decay": 0, "g_lr": 1e-4, "d_lr": 1e-4, "n_critic": steps, "beta1": 0.5, "beta2": 0.999,
            "resume_iters": None, "selected_attrs": list(NAMES), "test_iters": 0, "use_tensorboard": False, "log_dir": "",
            "sample_dir": "", "model_save_dir": "", "result_dir": "", "log_step": 1 if logged else 10**9, "sample_step": 10**9,
            "model_save_step": 10**9, "lr_update_step": 10**9,
        }  # fmt: skip
        image, label = (each.to(dtype) for each in images(batch))
        torch.manual_seed(0)
        with silence():
            self.solver = project.Solver([(image, label)] * (steps + 2), None, types.SimpleNamespace(**settings))
        if logged:
            self.solver.use_tensorboard = True
            self.solver.logger = types.SimpleNamespace(scalar_summary=lambda name, value, step: logged(name, value))

    def update(self, iterations: int) -> None:
        """So many iterations of its training loop."""
        self.solver.num_iters = iterations
        with silence():
            self.solver.train()


def _solver_of(checkout: Path) -> Any:
    """Its module `solver`. The pictures that it would save with torchvision are never due."""
    if not (checkout / "solver.py").is_file():
        sys.exit(f"there is no {checkout / 'solver.py'}: name a checkout of github.com/yunjey/stargan")
    if "torchvision.utils" not in sys.modules:
        unused = types.ModuleType("torchvision.utils")
        unused.save_image = None  # type: ignore[attr-defined]
        sys.modules |= {"torchvision": types.ModuleType("torchvision"), "torchvision.utils": unused}
    sys.path.insert(0, str(checkout))
    return import_module("solver")


def images(batch: int) -> tuple[Tensor, Tensor]:
    """Random images in [-1, 1], which 8 bits hold, and their labels."""
    pixels = torch.randint(256, (batch, 3, SIZE, SIZE), generator=seeded("versus", batch), dtype=torch.uint8)
    return pixels.float() / 127.5 - 1, SPACE.draw(batch, seeded("versus labels", batch))


def agreement(checkout: Path, dtype: torch.dtype) -> Agreement:
    """Outputs, losses, gradients, and weights after one step of SGD."""
    losses: dict[str, float] = {}
    theirs = Theirs(checkout, COMPARED, 1, losses.__setitem__, dtype).solver
    image, label = (each.to(theirs.device, dtype) for each in images(COMPARED))
    networks = {"generator": theirs.G.to(dtype), "discriminator": theirs.D.to(dtype)}
    theirs.g_optimizer, theirs.d_optimizer = (torch.optim.SGD(each.parameters(), 1e-3) for each in networks.values())
    method = comparing.by_sgd(stargan.build(SPACE, stargan.StarGAN(critic_steps=1)))
    method.networks.to(theirs.device, dtype)
    for name, network in networks.items():
        in_order(method.networks[name], network)
    found = dict(_outputs(method, networks, image, label))

    gradients = {"generator": gradients_of(theirs.g_optimizer), "discriminator": gradients_of(theirs.d_optimizer)}
    draws, trainee = Draws(0, 0), Trainee(method)
    taken = {name: gradients_of(optimizer) for name, optimizer in trainee.optimizers.items()}
    with _injected(draws, image, label), silence():
        theirs.train()
    ours = train_step(trainee, {"real": Example(image, Domain("faces", label))}, draws, Progress(0, 10))
    for name, (value, same) in _losses({name: loss.item() for name, loss in ours.items()}, losses).items():
        found[f"loss {name}"] = abs(value - same) / abs(same)
    for name, expected in gradients.items():
        found[f"gradients of the {name}"] = relative(flat(taken[name]), flat(expected))
        found[f"weights of the {name} after a step"] = relative(
            *(flat(each[name].parameters()) for each in (method.networks, networks))
        )
    return Agreement(found, {name: flat(each) for name, each in gradients.items()})


def _losses(ours: dict[str, float], theirs: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Each loss as ours has it, without its weight, beside theirs."""
    return {
        "discriminator/adversarial": (ours["discriminator/adversarial"], theirs["D/loss_real"] + theirs["D/loss_fake"]),
        "discriminator/classification": (ours["discriminator/classification"], theirs["D/loss_cls"]),
        "discriminator/penalty": (ours["discriminator/penalty"] / 10, theirs["D/loss_gp"]),
        "generator/adversarial": (ours["generator/adversarial"], theirs["G/loss_fake"]),
        "generator/classification": (ours["generator/classification"], theirs["G/loss_cls"]),
        "generator/cycle": (ours["generator/cycle"] / 10, theirs["G/loss_rec"]),
    }


def _outputs(method: Method, theirs: dict[str, nn.Module], image: Tensor, label: Tensor) -> Iterator[tuple[str, float]]:
    domain = Domain("faces", label)
    with torch.no_grad():
        yield "translations", relative(method.translate(image, domain, domain), theirs["generator"](image, label))
        judged = method.discriminate(image, domain) if method.discriminate else None
        assert judged is not None and judged.logits is not None
        for name, own, other in zip(
            ("scores", "logits"), (judged.score, judged.logits), theirs["discriminator"](image), strict=True
        ):
            yield name, relative(own, other)


@contextlib.contextmanager
def _injected(draws: Draws, image: Tensor, label: Tensor) -> Iterator[None]:
    """Their random permutation and shares are ours."""
    before = torch.randperm, torch.rand
    order, share = draws.order("target 0", label).cpu(), draws.uniform("gradient penalty", image, 1, 1, 1).cpu()
    torch.randperm, torch.rand = (lambda *sizes, **_: order), (lambda *sizes, **_: share)
    try:
        yield
    finally:
        torch.randperm, torch.rand = before


def ours(batch: int, steps: int, precision: str, extra: tuple[float, ...] = (), **form: Any) -> Trainer:
    """Our trainer with the reference's settings, on the same images."""
    image, label = images(batch)
    faces = Images(comparing.pixels_of(image), label, tuple(map(str, range(batch))))
    dataset = Dataset("noise", SPACE, {"train": {"faces": faces}})

    def build(space: Space) -> Method:
        return multicyclic(stargan.build(space, stargan.StarGAN(critic_steps=steps)), extra, **form)

    return comparing.trainer_of(build, dataset, batch, precision)


def step_times(checkout: Path, batches: tuple[int, ...], rounds: int) -> Iterator[tuple[str, Figures]]:
    """Their time divided by ours, of an update of the generator with its discriminator steps, in both precisions."""
    for batch, steps in product(batches, STEPS):
        theirs = Theirs(checkout, batch, steps)
        trainers = {f"{name}, batch {batch}, n_critic {steps}": ours(batch, steps, name) for name in PRECISIONS}
        yield from comparing.timed(lambda: theirs.update(steps), trainers, steps, rounds)  # noqa: B023


def form_times(checkout: Path, batch: int, rounds: int) -> Iterator[tuple[str, Figures]]:
    """Our time of each form of the multicyclic loss in bf16, divided by their time without it.

    The depth of a cheap form's chain is drawn at each step: its time is the mean over the chances of the depths.
    """
    steps = STEPS[-1]
    for form, settings in FORMS.items():
        theirs = Theirs(checkout, batch, steps)
        depths = [EXTRA] if not settings else [(0.0,) * depth + (1.0,) for depth in range(2)]
        sides: dict[str, Callable[[], object]] = {"theirs": lambda: theirs.update(steps)}  # noqa: B023
        for number, extra in enumerate(depths):
            trainer = ours(batch, steps, "bf16", extra, **settings)
            sides[str(number)] = lambda trainer=trainer: comparing.advance(trainer, steps)  # type: ignore[misc]
        seconds = comparing.alternating(sides, rounds)
        mine = seconds["0"]
        if len(depths) > 1:  # each further depth costs the same
            deeper = sum(depth * chance for depth, chance in enumerate(CHANCES))
            mine = [first + deeper * (second - first) for first, second in zip(seconds["0"], seconds["1"], strict=True)]
        found = comparing.spread(mine, seconds["theirs"])
        said(f"time of {form}, by their base", found)
        yield form, found


def translation_times(checkout: Path, batch: int, rounds: int) -> Iterator[tuple[str, Figures]]:
    """Their time divided by ours for the translation of a batch in fp32."""
    theirs = Theirs(checkout, batch, 1).solver
    image, label = (each.to(theirs.device) for each in images(batch))
    domain, trainer = Domain("faces", label), ours(batch, 1, "fp32")
    trainer.method.translator.eval()
    found = comparing.translations(theirs.G, lambda: trainer.method.translate(image, domain, domain), (image, label), rounds)
    said("translation, fp32", found)
    yield "translation, fp32", found


def two_updates(checkout: Path, side: str, batch: int) -> None:
    """Two updates of the generator, of theirs or of ours in a precision."""
    if side == "theirs":
        Theirs(checkout, batch, 1).update(2)
    else:
        comparing.advance(ours(batch, 1, side), 2)
