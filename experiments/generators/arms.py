"""The arms: generators and discriminators that are compared on one task in the same time, and all methods on one edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from experiments.digits import polarity
from viceversa.core.method import Builder
from viceversa.methods import cyclegan

Values = Mapping[str, Any]
FIXED: Values = {"training.best": "none", "training.labeller": False, "training.precision": "bf16"}
"""Nothing is judged or labelled while an arm trains."""
SEEDS = 3
Judge = Literal["truth", "labels", "digits", "sketches", "photos", "codes"]


@dataclass(frozen=True)
class Task:
    """What is translated, and how it is judged.

    Args:
        data: data set as `--data` names it; {photos} and {mnist} stand for folders.
        size: side of the images in pixels; None if the data has its own.
        seconds: of one thread that each training gets.
        judge: which measures a translator gets (judges.py).
        what: the edit in words.
    """

    data: str
    size: int | None
    seconds: int
    judge: Judge
    what: str


@dataclass(frozen=True)
class Arm:
    """A recipe with settings on a task; trained with each of the seeds.

    Args:
        recipe: its name, or the builder of a method of an experiment.
        what: the arm in words.
        data: data set in place of the task's, for methods that take it in another form.
    """

    task: str
    recipe: str | Builder
    settings: Values
    what: str
    data: str | None = None

    @property
    def seconds(self) -> int:
        return TASKS[self.task].seconds

    def asked(self, seed: int, steps: int, folders: Mapping[str, str]) -> dict[str, Any]:
        """Settings of the recipe by their dotted names. folders: those that the data names."""
        task = TASKS[self.task]
        data = (self.data or task.data).format(**folders)
        return {"data": data, "size": task.size, "training.seed": seed, "training.steps": steps, **FIXED, **self.settings}


TASKS: Mapping[str, Task] = {
    "glasses": Task("avatars:glasses", 64, 300, "truth", "drawn faces without glasses, and with them"),
    "hair": Task("avatars:hair=black,blond", 64, 200, "truth", "drawn faces with black hair, and with blond"),
    "beard": Task("avatars:beard", 64, 200, "truth", "drawn faces without a beard, and with one"),
    "skin": Task("avatars:tone=0,1", 64, 200, "truth", "drawn faces with the lightest skin, and with the darkest"),
    "bold": Task("icons:light,bold", 64, 400, "truth", "icons in light strokes, and in bold ones"),
    "fill": Task("icons:light,fill", 64, 400, "truth", "icons in light strokes, and filled"),
    "weights": Task("icons", 64, 600, "labels", "icons in five weights"),
    "sketches": Task("sketches", 64, 400, "sketches", "drawings in lines, and in colors"),
    "photos": Task("{photos}", 128, 600, "photos", "photographs, and paintings"),
    "digits": Task("mnist={mnist},street=street-digits", None, 400, "digits", "handwritten digits, and house numbers"),
    "outlines": Task("avatars:outlines", 64, 400, "codes", "outlines of drawn faces, and faces: many for each outline"),
    "one-edit": Task("avatars:glasses", 64, 200, "truth", "drawn faces without glasses, and with them, by every method"),
}

MASKED = {"method.generator": "masked", "method.width": 32, "method.blocks": 4}
RESUNET = {"method.generator": "resunet", "method.width": 16, "method.blocks": 4}
ADDED = {**RESUNET, "method.generator": "resunet-added"}
RESNET = {"method.generator": "resnet", "method.width": 24, "method.blocks": 4}
PATCH = {"method.critic_width": 32, "method.critic_layers": 2}
OFTEN = {"method.learning_rate": 1e-3, "training.batch": 4, "training.average": 0.99}
"""Many small steps, and an average of their weights."""
BEFORE = {**RESNET, **PATCH, "method.identity": 0.5, "method.learning_rate": 2e-4, "training.batch": 8, "training.average": 0.0}
"""CycleGAN's recipe until this experiment."""
HINGE = {"method.gan": "hinge-r1", "method.gamma": 0.02}
GEOMETRY = {"method.geometry": 10.0}
PROJECTED = {
    "method.critic": "projected", "method.critic_size": 64, "method.critic_learning_rate": 2e-4, "method.adversarial": 0.1,
    "method.gan": "hinge",
}  # fmt: skip


KEEPING = {**PATCH, **OFTEN, "method.identity": 0.0}
"""CycleGAN with a generator that keeps: without the identity loss, which such a generator does not need and which holds it back."""


def generators(task: str, best: Values, **others: Values) -> dict[str, Arm]:
    """CycleGAN on a task: as it was, with each generator that keeps, and variants of the best."""
    return {
        f"{task}-before": Arm(task, "cyclegan", BEFORE, "CycleGAN as it was: ResNet, 24 wide"),
        f"{task}-masked": Arm(task, "cyclegan", {**KEEPING, **MASKED, **best}, "masked residual generator"),
        f"{task}-resunet": Arm(task, "cyclegan", {**KEEPING, **RESUNET, **best}, "residual U-Net"),
        f"{task}-added": Arm(task, "cyclegan", {**KEEPING, **ADDED, **best}, "residual U-Net, added to the image"),
        **{f"{task}-{name}": Arm(task, "cyclegan", {**KEEPING, **values}, name) for name, values in others.items()},
    }


COLORS = {"method.cycle_back": 1.0}
"""Lines do not tell colors, so the cycle from colors weighs less."""
WEIGHTS = {
    "training.batch": 4, "training.average": 0.99, "method.critic_width": 32, "method.gan": "hinge-r1", "method.gamma": 0.02,
    "method.critic_steps": 1, "method.learning_rate": 1e-3, **GEOMETRY,
}  # fmt: skip
DIGITS = {
    "method.width": 32, "method.blocks": 4, "method.critic_layers": 2, "method.identity": 0.0, "method.luminance": 0.5,
    "training.batch": 16, "training.average": 0.0,
}  # fmt: skip
"""The recipe of digits until this experiment."""
ONE_BUILD = {"training.batch": 8, "training.average": 0.99}
"""Settings of a training; those of the method are in its builder."""


def keeping_digits(generator: str, width: int) -> Builder:
    """The losses of experiments/digits' best arm with a generator that keeps, and a hinge loss."""
    values = {"generator": generator, "width": width, "gan": "hinge-r1", "gamma": 0.02, "learning_rate": 1e-3}
    settings = polarity.HAND.model_copy(update=values)
    return lambda space: cyclegan.build(space, settings)


CODES = {
    **OFTEN, **RESUNET, "method.width": 24, "method.latent": 8, "method.cycle": 10.0, "method.cycle_back": 1.0, "method.code": 1.0,
    "training.batch": 8,
}  # fmt: skip
"""Augmented CycleGAN where one image has many right answers: the code is recovered with a weight 40 times the paper's."""
OF_LABELS = {"attributes": ("glasses",), "training.batch": 8, "training.average": 0.99}
"""Methods among labels see the glasses as their only attribute."""
_QUICK = {**MASKED, "method.learning_rate": 1e-3, "training.batch": 4, "training.average": 0.99}
BETTER = {name.replace("method.", "method.cyclegan."): value for name, value in {**KEEPING, **MASKED}.items()}
ONE_EDIT: Mapping[str, tuple[str, Values, str | None]] = {
    "cyclegan": ("cyclegan", {**KEEPING, **MASKED}, None),
    "better-cycles": ("better-cycles", BETTER, None),
    "discogan": ("discogan", {**_QUICK, "method.critic_width": 32}, None),
    "augmented-cyclegan": ("augmented-cyclegan", {**_QUICK, "method.width": 24, "method.latent": 8, "method.cycle": 10.0}, None),
    "cut": ("cut", {**_QUICK, **PATCH, "method.projection": 64}, None),
    "diat": ("diat", {**_QUICK, "method.critic_width": 32}, None),
    "pix2pix": ("pix2pix", {**_QUICK, **PATCH}, "avatars:glasses:pairs"),
    **{
        name: (name, OF_LABELS, "avatars")
        for name in ("stargan", "multicyclic", "triple", "fixed-point", "relgan", "stgan", "stargan2", "icgan")
    },
}
"""Method -> its recipe, settings, and data if that is not the task's."""

ARMS: Mapping[str, Arm] = {
    **generators("glasses", {}, projected={**MASKED, **PROJECTED}, hinge={**MASKED, **HINGE}),
    **generators("bold", {**HINGE, **GEOMETRY}),
    **generators("fill", {**HINGE, **GEOMETRY}),
    **{
        f"weights-{name}": Arm("weights", "stargan", {**WEIGHTS, **values}, what)
        for name, values, what in (
            ("label", {**MASKED, "method.generator": "label"}, "StarGAN's generator, 32 wide"),
            ("masked", MASKED, "masked residual generator"),
            ("resunet", RESUNET, "residual U-Net"),
            ("added", {**ADDED, "method.critic_layers": 3, "method.cycle": 5.0}, "residual U-Net, added; shallow discriminator"),
        )
    },
    **generators("hair", HINGE),
    **generators("beard", HINGE, squares=MASKED),
    **generators("skin", HINGE, squares=MASKED),
    **generators(
        "sketches",
        {**HINGE, **GEOMETRY, **COLORS},
        projected={**RESUNET, **COLORS, **PROJECTED, "method.critic_augment": ("translation", "cutout")},
    ),
    **generators("photos", {**HINGE, **GEOMETRY}, projected={**RESUNET, **PROJECTED}),
    "digits-before": Arm("digits", "cyclegan", DIGITS, "CycleGAN as it was, with the identity of luminance"),
    "digits-likeness": Arm("digits", polarity.faithful_hand, ONE_BUILD, "likeness and indifference to polarity; ResNet"),
    "digits-masked": Arm("digits", keeping_digits("masked", 32), ONE_BUILD, "the same losses, masked residual generator, hinge"),
    "digits-resunet": Arm("digits", keeping_digits("resunet", 16), ONE_BUILD, "the same losses, residual U-Net, hinge"),
    "digits-added": Arm("digits", keeping_digits("resunet-added", 16), ONE_BUILD, "the same losses, residual U-Net, added, hinge"),
    "outlines-one": Arm("outlines", "cyclegan", {**KEEPING, **RESUNET, **HINGE, **COLORS, "training.batch": 8}, "CycleGAN"),
    "outlines-codes": Arm("outlines", "augmented-cyclegan", CODES, "Augmented CycleGAN"),
    **{f"one-edit-{name}": Arm("one-edit", *recipe, name, data) for name, (*recipe, data) in ONE_EDIT.items()},
}
