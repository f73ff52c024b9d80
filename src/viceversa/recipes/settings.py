"""Typed settings of a training, complete and serializable: what `recipe.json` holds and `train RECIPE --help` shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Fixed, Suppress

from viceversa.data.augmentation import Augment
from viceversa.data.fitting import Filter
from viceversa.schedules import (
    Schedule,
    constant,
    cyclegan_decay,
    linear_decay,
    schneider_decay,
    stargan_code_decay,
)

Decay = Literal["linear", "constant", "cyclegan", "stargan-code", "schneider"]
DECAYS: Mapping[Decay, Schedule] = {
    "linear": linear_decay,
    "constant": constant,
    "cyclegan": cyclegan_decay,
    "stargan-code": stargan_code_decay,
    "schneider": schneider_decay,
}

Metric = Literal["psnr_to_truth", "change_and_return", "none"]
"""By which a training's best checkpoint is chosen, in order of preference: training/examination.py has their equations."""

FROZEN = ConfigDict(frozen=True, extra="forbid")


class Training(BaseModel):
    """How long and how a method is trained, whatever the method."""

    model_config = FROZEN

    steps: int = Field(20_000, gt=0, description="length of the schedule, in batches")
    batch: int = Field(16, gt=0, description="images in a batch, over all processes")
    seed: int = Field(0, ge=0, description="of the weights, the order of the data and every draw")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="bf16 where the hardware has it, if auto")
    decay: Decay = Field("linear", description="learning rate: constant, then linear to 0; or as a reference's code has it")
    average: float = Field(0.995, ge=0, lt=1, description="decay of the moving average of the generator's weights")
    flip: bool = Field(False, description="mirror half of the images")
    shift: int = Field(0, ge=0, description="move images by up to so many pixels")
    augment: Augment = Augment()
    compile: bool = Field(False, description="compile the translator with torch.compile")
    checkpoint_every: int = Field(1000, gt=0, description="steps between checkpoints")
    sample_every: int | None = Field(
        None, gt=0, description="steps between sample pictures; if not given, by time: after 2 minutes, then ever more rarely"
    )
    best: Metric = Field("psnr_to_truth", description="by which the best checkpoint is chosen; the next one that the data can tell")
    labeller: bool = Field(True, description="train and keep a small network that reads attributes off strangers' pictures")


class Multicycle(BaseModel):
    """The multicyclic loss; without extra cycles it is off."""

    model_config = FROZEN

    extra: tuple[float, ...] = Field((), description="weights of the extra cycles, one for each; none: off")
    losses: tuple[str, ...] | None = Field(None, description="which losses to repeat; all that can be, if not given")
    cut: bool = Field(False, description="end gradients at every link of the chain")


MethodSettings = TypeVar("MethodSettings")


class Recipe(BaseModel, Generic[MethodSettings]):
    """One training: a method's settings, its data, and how it is trained."""

    model_config = FROZEN

    name: Suppress[Fixed[str]]
    data: str = Field(
        "avatars",
        description="what to train on: `avatars`, `avatars:glasses`, a path of folders or a table, hf:NAME, or NAME=ONE,NAME=OTHER",
    )
    images: str | None = Field(
        None, description="folder of the images that a table names, if it is not the table's own; links in it may lead anywhere"
    )
    attributes: tuple[str, ...] = Field((), description="which attributes of the data to use; all, if none is named")
    size: int | None = Field(
        None, gt=0, le=65_536,
        description="height and width of the images, in pixels; if not given, chosen from own images, and 32 for drawn ones",
    )  # fmt: skip
    crop: int | None = Field(
        None, gt=0, description="cut out of the middle of images of files before; the largest square, if not given"
    )
    background: int = Field(0, ge=0, le=255, description="gray behind what is transparent in images of files")
    filter: Filter = Field("bicubic", description="by which images of files are resized, antialiased")
    skip_bad: bool = Field(False, description="leave out files that cannot be read")
    init: str | None = Field(None, description="a run whose weights to start from; attributes may have been added since")
    init_only: tuple[str, ...] = Field((), description="which networks to take of it; all that fit, if not given")
    freeze: tuple[str, ...] = Field((), description="networks that do not learn, as `generator`")
    method: MethodSettings
    multicycle: Multicycle = Multicycle()
    training: Training = Training()
