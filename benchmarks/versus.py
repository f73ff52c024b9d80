"""Our StarGAN beside the reference's own training loop: the same numbers first, then time and memory.

python -m benchmarks.versus --stargan DIR      DIR: a checkout of github.com/yunjey/stargan; about 30 minutes on two idle cores
python -m benchmarks.versus --stargan DIR --parts forms memory      a part of it

First both get the same weights, images, permutation and shares of the gradient penalty: outputs, losses, gradients, and the weights
after a step of SGD must agree. Then their `Solver.train` and our trainer take turns, an update of the generator each, and the ratio
of their times is that of neighbors in time. Peak memory is measured in processes of their own. Stored figures:
results/versus-cpu.json.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from benchmarks.common import RESULTS, Figures, apart, machine, start
from benchmarks.parity.comparison import in_order
from experiments.common import read_json, write_json
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws, seeded
from viceversa.core.method import Method, Optimizer
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.device import device_named
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import stargan
from viceversa.recipes.settings import Training
from viceversa.training.processes import accelerator_for
from viceversa.training.step import Trainee, train_step
from viceversa.training.trainer import Trainer

SIZE, NAMES = 128, ("black", "blond", "brown", "male", "young")
SPACE = Space({"faces": ImageSpec(3, SIZE, SIZE)}, tuple(map(Binary, NAMES)))
COMPARED, ALLOWED = 2, 1e-4
"""Images on which both are compared, and the largest relative difference in the Euclidean norm."""
Part = Literal["steps", "forms", "inference", "memory"]
OF_GENERATOR = ("gradients of the generator", "weights of the generator after a step")
EXTRA = (0.25, 0.125, 0.0625)
CHEAP = {"form": "on-policy", "teacher": 5.0, "losses": ("adversarial", "classification")}
FORMS: dict[str, dict[str, Any]] = {"exact": {}, "stochastic": {"form": "stochastic"}, "on-policy, cheap": CHEAP}
"""Forms of the multicyclic loss that are timed."""
CHANCES = [weight / sum(EXTRA) for weight in EXTRA]


@dataclass(frozen=True)
class Versus:
    """Compare with the reference, and time it."""

    stargan: Path
    """checkout of github.com/yunjey/stargan"""
    batches: tuple[int, ...] = (8, 16)
    steps: tuple[int, ...] = (1, 5)
    """discriminator steps for each generator step (n_critic)"""
    rounds: int = 4
    """turns of each side"""
    parts: tuple[Part, ...] = get_args(Part)
    """what to measure; the rest of the stored figures stays"""
    out: Path = RESULTS / "versus-cpu.json"


@dataclass(frozen=True)
class Memory:
    """Peak memory of a few steps, in a process of its own. side: theirs, fp32 or bf16."""

    stargan: str
    side: str
    batch: int


def main(asked: Versus) -> None:
    """Compare, then measure part by part; the figures of each are stored when it is done."""
    where = machine()
    print(where)
    compared = differences(asked.stargan)
    for name, each in compared.items():
        print(f"{name:<45} float64 {each['float64']:.0e}, fp32 {each['fp32']:.0e} of {each['allowed_in_fp32']:.0e} allowed")
    if any(each["float64"] > ALLOWED or each["fp32"] > each["allowed_in_fp32"] for each in compared.values()):
        sys.exit("the two do not compute the same: nothing is timed")
    stored: Figures = read_json(asked.out) if asked.out.exists() else {}
    figures: Figures = {**stored, "machine": where, "differences": compared} if stored.get("machine") == where else {}
    figures = {"ratios": {}, "peak_mebibytes": {}, **figures, "machine": where, "differences": compared}
    for part in asked.parts:
        for name, found in measured(part, asked):
            figures[name] |= found
            figures["goals"] = list(judged(figures["ratios"], figures["peak_mebibytes"]))
            write_json(asked.out, figures)
    for goal in figures["goals"]:
        print(f"{goal['name']:<60} {goal['value']:>7.2f}  aim {goal['aim']:.2f}  {'met' if goal['met'] else 'missed'}")


def measured(part: Part, asked: Versus) -> Iterator[tuple[str, Figures]]:
    """Figures of a part, each with the name of its group."""
    match part:
        case "steps":
            for batch, steps in product(asked.batches, asked.steps):
                yield "ratios", timed(asked.stargan, batch, steps, asked.rounds)
        case "forms":
            for form in FORMS:
                yield "ratios", timed_form(asked.stargan, form, asked.batches[0], asked.steps[-1], asked.rounds)
        case "inference":
            yield "ratios", inference(asked.stargan, asked.batches[0], asked.rounds)
        case "memory":
            for side in ("theirs", "fp32", "bf16"):
                case = Memory(str(asked.stargan.absolute()), side, asked.batches[0])
                yield "peak_mebibytes", {side: round(apart("benchmarks.versus", case)["mebibytes"])}


def judged(ratios: Figures, peaks: Figures) -> Iterator[dict[str, Any]]:
    """The aims of two cores. Ratios are their time divided by ours, unless the name says otherwise."""
    aims = {"fp32, batch 8, n_critic 1": 1.1, "fp32, batch 8, n_critic 5": 1.1, "bf16, batch 8, n_critic 1": 2.0}
    aims |= {"bf16, batch 8, n_critic 5": 1.8, "fp32, batch 16, n_critic 1": 1.1, "fp32, batch 16, n_critic 5": 1.1}
    aims |= {"bf16, batch 16, n_critic 1": 2.0, "bf16, batch 16, n_critic 5": 1.8}
    for name, aim in aims.items():
        if name in ratios:
            yield _goal(f"speed, {name}", ratios[name]["median"], aim)
    for form, aim in {"exact": 1.0, "stochastic": 0.9, "on-policy, cheap": 0.8}.items():
        if form in ratios:
            yield _goal(f"time of {form} in bf16 by their base", ratios[form]["median"], aim, least=False)
    if {"fp32", "theirs"} <= peaks.keys():
        yield _goal("peak memory in fp32 by theirs", peaks["fp32"] / peaks["theirs"], 1.0, least=False)


def _goal(name: str, value: float, aim: float, *, least: bool = True) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "aim": aim, "met": value >= aim if least else value <= aim}


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
        with contextlib.redirect_stdout(io.StringIO()):
            self.solver = project.Solver([(image, label)] * (steps + 2), None, types.SimpleNamespace(**settings))
        if logged:
            self.solver.use_tensorboard = True
            self.solver.logger = types.SimpleNamespace(scalar_summary=lambda name, value, step: logged(name, value))

    def update(self, iterations: int) -> None:
        """So many iterations of its training loop."""
        self.solver.num_iters = iterations
        with contextlib.redirect_stdout(io.StringIO()):
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


@dataclass(frozen=True)
class Agreement:
    """Relative differences of ours from theirs, by what is compared; and the gradients of their generator, one after the other."""

    found: dict[str, float]
    gradients: Tensor


def differences(checkout: Path) -> dict[str, dict[str, float]]:
    """What differs, in float64 and in fp32, and by how much; `allowed` says how much it may.

    In fp32 the generator's gradients may differ twice as much as theirs do from their own in float64: norms, and the signs of an L1
    loss, make much of the last digit.
    """
    double, single = (agreement(checkout, dtype) for dtype in (torch.float64, torch.float32))
    rounding = relative(single.gradients, double.gradients)
    allowed = dict.fromkeys(double.found, ALLOWED) | dict.fromkeys(OF_GENERATOR, max(ALLOWED, 2 * rounding))
    return {
        name: {"float64": double.found[name], "fp32": single.found[name], "allowed_in_fp32": allowed[name]} for name in double.found
    }


def agreement(checkout: Path, dtype: torch.dtype) -> Agreement:
    """Outputs, losses, gradients, and weights after one step of SGD."""
    losses: dict[str, float] = {}
    theirs = Theirs(checkout, COMPARED, 1, losses.__setitem__, dtype).solver
    image, label = (each.to(theirs.device, dtype) for each in images(COMPARED))
    networks = {"generator": theirs.G.to(dtype), "discriminator": theirs.D.to(dtype)}
    theirs.g_optimizer, theirs.d_optimizer = (torch.optim.SGD(each.parameters(), 1e-3) for each in networks.values())
    method = _by_sgd(stargan.build(SPACE, stargan.StarGAN(critic_steps=1)))
    method.networks.to(theirs.device, dtype)
    for name, network in networks.items():
        in_order(method.networks[name], network)
    found = dict(_outputs(method, networks, image, label))

    gradients: dict[str, list[Tensor]] = {name: [] for name in networks}
    for name, optimizer in (("generator", theirs.g_optimizer), ("discriminator", theirs.d_optimizer)):
        optimizer.register_step_pre_hook(
            lambda stepping, *_, name=name: gradients[name].extend(each.grad.clone() for each in stepping.param_groups[0]["params"])
        )
    draws, taken = Draws(0, 0), list[list[Tensor]]()
    with _injected(draws, image, label), contextlib.redirect_stdout(io.StringIO()):
        theirs.train()
    trainee = Trainee(method, average=lambda each: taken.append([gradient.clone() for gradient in each]))
    ours = train_step(trainee, {"real": Example(image, Domain("faces", label))}, draws, Progress(0, 10))
    for name, (value, same) in _losses({name: loss.item() for name, loss in ours.items()}, losses).items():
        found[f"loss {name}"] = abs(value - same) / abs(same)
    for name, own in zip(("discriminator", "generator"), taken, strict=True):
        found[f"gradients of the {name}"] = relative(_flat(own), _flat(gradients[name]))
        found[f"weights of the {name} after a step"] = relative(
            *(_flat(each[name].parameters()) for each in (method.networks, networks))
        )
    return Agreement(found, _flat(gradients["generator"]))


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


def _flat(tensors: Iterable[Tensor]) -> Tensor:
    return torch.cat([each.detach().flatten().double() for each in tensors])


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


def relative(ours: Tensor, theirs: Tensor) -> float:
    """|ours - theirs| / |theirs|, in the Euclidean norm."""
    return float((ours.detach().flatten() - theirs.detach().flatten()).norm() / theirs.detach().norm())


def _by_sgd(method: Method) -> Method:
    sgd = Optimizer(1e-3, algorithm=lambda weights, rate: torch.optim.SGD(weights, rate))
    return replace(method, optimizers=dict.fromkeys(method.optimizers, sgd))


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
    """Our trainer with the reference's settings, on the same images; without an average, which it has not."""
    image, label = images(batch)
    pixels = ((image + 1) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
    dataset = Dataset("noise", SPACE, {"train": {"faces": Images(pixels, label, tuple(map(str, range(batch))))}})
    settings = Training(batch=batch, steps=10**6, average=0.0)

    def build(space: Space) -> Method:
        return multicyclic(stargan.build(space, stargan.StarGAN(critic_steps=steps)), extra, **form)

    with tempfile.TemporaryDirectory() as folder:
        accelerator = accelerator_for(folder)
    return Trainer(Path(), build, dataset, settings, accelerator, device_named(), precision, quiet=True)


def timed(checkout: Path, batch: int, steps: int, rounds: int) -> dict[str, Any]:
    """Their time divided by ours, of an update of the generator with its discriminator steps, in both precisions."""
    theirs = Theirs(checkout, batch, steps)
    trainers = {precision: ours(batch, steps, precision) for precision in ("fp32", "bf16")}
    sides: dict[str, Callable[[], object]] = {"theirs": lambda: theirs.update(steps)}
    sides |= {name: (lambda trainer=trainer: _update(trainer, steps)) for name, trainer in trainers.items()}  # type: ignore[misc]
    seconds = alternating(sides, rounds)
    found = {}
    for precision in trainers:
        found[f"{precision}, batch {batch}, n_critic {steps}"] = spread(seconds["theirs"], seconds[precision])
    for name, values in found.items():
        print(f"{name:<40} {_in_words(values)}", flush=True)
    return found


def timed_form(checkout: Path, form: str, batch: int, steps: int, rounds: int) -> dict[str, Any]:
    """The time of a form of the multicyclic loss in bf16, divided by their base. Of drawn depths the mean over the chances."""
    theirs, settings = Theirs(checkout, batch, steps), FORMS[form]
    depths = [EXTRA] if not settings else [(0.0,) * depth + (1.0,) for depth in range(2)]
    sides: dict[str, Callable[[], object]] = {"theirs": lambda: theirs.update(steps)}
    for number, extra in enumerate(depths):
        trainer = ours(batch, steps, "bf16", extra, **settings)
        sides[str(number)] = lambda trainer=trainer: _update(trainer, steps)  # type: ignore[misc]
    seconds = alternating(sides, rounds)
    mine = seconds["0"]
    if len(depths) > 1:  # each further depth costs the same
        deeper = sum(depth * chance for depth, chance in enumerate(CHANCES))
        mine = [first + deeper * (second - first) for first, second in zip(seconds["0"], seconds["1"], strict=True)]
    found = spread(mine, seconds["theirs"])
    print(f"time of {form}, by their base: {_in_words(found)}", flush=True)
    return {form: found}


def inference(checkout: Path, batch: int, rounds: int) -> dict[str, Any]:
    """Their time divided by ours for the translation of a batch, without gradients."""
    theirs, found = Theirs(checkout, batch, 1), {}
    image, label = (each.to(theirs.solver.device) for each in images(batch))
    domain, trainer = Domain("faces", label), ours(batch, 1, "fp32")
    theirs.solver.G.eval()
    trainer.method.translator.eval()
    with torch.inference_mode():
        sides: dict[str, Callable[[], object]] = {
            "theirs": lambda: theirs.solver.G(image, label), "ours": lambda: trainer.method.translate(image, domain, domain)
        }  # fmt: skip
        seconds = alternating(sides, 3 * rounds)
    found["inference, fp32"] = spread(seconds["theirs"], seconds["ours"])
    found["inference, fp32"]["images_per_second"] = round(batch / statistics.median(seconds["ours"]), 2)
    print(f"{'inference, fp32':<40} {_in_words(found['inference, fp32'])}")
    return found


def _update(trainer: Trainer, steps: int) -> None:
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
    return {name: round(value, 3) for name, value in values.items()} | {
        "seconds": round(statistics.median(one), 3), "seconds_of_other": round(statistics.median(other), 3)
    }  # fmt: skip


def _in_words(values: dict[str, float]) -> str:
    return (
        f"{values['median']:.2f} ({values['least']:.2f} to {values['greatest']:.2f}); "
        f"{values['seconds']:.2f} and {values['seconds_of_other']:.2f} s"
    )


def peak(case: Memory) -> dict[str, float]:
    """Peak memory of two updates, in MiB."""
    if case.side == "theirs":
        Theirs(Path(case.stargan), case.batch, 1).update(2)
    else:
        trainer = ours(case.batch, 1, case.side)
        for _ in range(2):
            trainer.one_step()
    return {"mebibytes": (torch.cuda.max_memory_allocated() if torch.cuda.is_available() else _resident()) / 2**20}


def _resident() -> int:
    """Peak of the memory of this process in bytes. What `getrusage` counts includes the process that started it (Linux only)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    start(main, Versus, peak, Memory)
