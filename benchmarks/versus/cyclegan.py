"""CycleGAN beside github.com/junyanz/pytorch-CycleGAN-and-pix2pix at 256 px: its model's `optimize_parameters`, and our trainer."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.common import Figures
from benchmarks.parity.comparison import in_order
from benchmarks.versus import comparing
from benchmarks.versus.comparing import PRECISIONS, Agreement, flat, gradients_of, relative, said, silence
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws, seeded
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.methods import cyclegan
from viceversa.training.step import Trainee, train_step
from viceversa.training.trainer import Trainer

SIZE, BATCH = 256, 1
SPACE = Space({"a": ImageSpec(3, SIZE, SIZE), "b": ImageSpec(3, SIZE, SIZE)})


class Theirs:
    """The reference's model with its default options, on one random image of each space."""

    def __init__(self, checkout: Path, dtype: torch.dtype = torch.float32) -> None:
        options = {
            "gpu_ids": [0] if torch.cuda.is_available() else [], "isTrain": True, "checkpoints_dir": "", "name": "",
            "preprocess": "scale_width", "input_nc": 3, "output_nc": 3, "ngf": 64, "ndf": 64, "netG": "resnet_9blocks",
            "netD": "basic", "n_layers_D": 3, "norm": "instance", "no_dropout": True, "init_type": "normal", "init_gain": 0.02,
            "lambda_identity": 0.5, "lambda_A": 10.0, "lambda_B": 10.0, "pool_size": 50, "gan_mode": "lsgan", "lr": 2e-4,
            "beta1": 0.5, "direction": "AtoB",
        }  # fmt: skip
        torch.manual_seed(0)
        with silence():
            self.model = _module_of(checkout).CycleGANModel(types.SimpleNamespace(**options))
        for network in self.networks.values():
            network.to(dtype)
        self.images = {name: image.to(self.model.device, dtype) for name, image in images().items()}

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Their networks by the names that ours have; G_A translates into b."""
        model = self.model
        return {
            "generator into b": model.netG_A, "generator into a": model.netG_B,
            "discriminator of b": model.netD_A, "discriminator of a": model.netD_B,
        }  # fmt: skip

    def update(self) -> None:
        """An update of the generators and of the discriminators."""
        self.model.set_input({"A": self.images["a"], "B": self.images["b"]})
        self.model.optimize_parameters()


def _module_of(checkout: Path) -> Any:
    """Its module `models.cycle_gan_model`."""
    if not (checkout / "models" / "cycle_gan_model.py").is_file():
        project = "github.com/junyanz/pytorch-CycleGAN-and-pix2pix"
        sys.exit(f"there is no {checkout / 'models' / 'cycle_gan_model.py'}: name a checkout of {project}")
    sys.path.insert(0, str(checkout))
    return import_module("models.cycle_gan_model")


def images() -> dict[str, Tensor]:
    """A random image of each space, in [-1, 1], which 8 bits hold."""
    draw = partial(torch.randint, 256, (BATCH, 3, SIZE, SIZE), dtype=torch.uint8)
    return {name: draw(generator=seeded("versus", name)).float() / 127.5 - 1 for name in SPACE.images}


def agreement(checkout: Path, dtype: torch.dtype) -> Agreement:
    """Outputs, losses, gradients, and weights after one step of SGD."""
    theirs = Theirs(checkout, dtype)
    model, image = theirs.model, theirs.images
    method = comparing.by_sgd(cyclegan.build(SPACE))
    method.networks.to(model.device, dtype)
    mine = _networks(method)
    for name, network in theirs.networks.items():
        in_order(mine[name], network)
    found = dict(_outputs(theirs, mine))

    learns = {
        "generators": ("generator into a", "generator into b"),
        "discriminators": ("discriminator of a", "discriminator of b"),
    }
    sgd = {
        name: torch.optim.SGD([weight for each in names for weight in theirs.networks[each].parameters()], 1e-3)
        for name, names in learns.items()
    }
    model.optimizer_G, model.optimizer_D = sgd.values()
    gradients = {name: gradients_of(optimizer) for name, optimizer in sgd.items()}
    theirs.update()
    trainee = Trainee(method)
    taken = {name: gradients_of(optimizer) for name, optimizer in trainee.optimizers.items()}
    batch = {name: Example(each, Domain(name)) for name, each in image.items()}
    losses = train_step(trainee, batch, Draws(0, 0), Progress(0, 10))
    for name, (value, same) in _losses({name: loss.item() for name, loss in losses.items()}, model).items():
        found[f"loss {name}"] = abs(value - same) / abs(same)
    for name in learns:
        found[f"gradients of the {name}"] = relative(flat(taken[name]), flat(gradients[name]))
        after = (flat(weight for each in learns[name] for weight in side[each].parameters()) for side in (mine, theirs.networks))
        found[f"weights of the {name} after a step"] = relative(*after)
    return Agreement(found, {name: flat(each) for name, each in gradients.items()})


def _networks(method: Method) -> dict[str, nn.Module]:
    into, of = method.networks["generators"].generators, method.networks["discriminators"].discriminators
    return {f"generator into {name}": into[name] for name in into} | {f"discriminator of {name}": of[name] for name in of}


def _outputs(theirs: Theirs, mine: dict[str, nn.Module]) -> Iterator[tuple[str, float]]:
    with torch.no_grad():
        for name, network in theirs.networks.items():
            image = theirs.images["b" if name in ("generator into a", "discriminator of b") else "a"]
            yield f"output of the {name}", relative(mine[name](image), network(image))


def _losses(ours: dict[str, float], model: Any) -> dict[str, tuple[float, float]]:
    """Each loss of both ways together, beside theirs."""
    of = {name: getattr(model, f"loss_{name}").item() for name in model.loss_names}
    return {
        "generators/adversarial": (ours["generators/adversarial"], of["G_A"] + of["G_B"]),
        "generators/cycle": (ours["generators/cycle"], of["cycle_A"] + of["cycle_B"]),
        "generators/identity": (ours["generators/identity"], of["idt_A"] + of["idt_B"]),
        "discriminators/adversarial": (ours["discriminators/adversarial"], of["D_A"] + of["D_B"]),
    }


def ours(precision: str) -> Trainer:
    """Our trainer with the reference's settings, on the same images."""
    train = {name: Images(comparing.pixels_of(image), None, ("0",)) for name, image in images().items()}
    return comparing.trainer_of(cyclegan.build, Dataset("noise", SPACE, {"train": train}), BATCH, precision)


def step_times(checkout: Path, rounds: int) -> Iterator[tuple[str, Figures]]:
    """Their time divided by ours, of an update of the generators and the discriminators, in both precisions."""
    theirs = Theirs(checkout)
    yield from comparing.timed(theirs.update, {f"CycleGAN, {name}": ours(name) for name in PRECISIONS}, 1, rounds)


def translation_times(checkout: Path, rounds: int) -> Iterator[tuple[str, Figures]]:
    """Their time divided by ours for the translation of an image in fp32."""
    theirs, trainer = Theirs(checkout), ours("fp32")
    image = theirs.images["a"]
    trainer.method.translator.eval()
    found = comparing.translations(
        theirs.model.netG_A, lambda: trainer.method.translate(image, Domain("a"), Domain("b")), (image,), rounds
    )
    said("CycleGAN, translation, fp32", found)
    yield "CycleGAN, translation, fp32", found


def two_updates(checkout: Path, side: str) -> None:
    """Two updates, of theirs or of ours in a precision."""
    if side == "theirs":
        theirs = Theirs(checkout)
        for _ in range(2):
            theirs.update()
    else:
        comparing.advance(ours(side), 2)
