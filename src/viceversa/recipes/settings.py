"""Typed settings of a training, complete and serializable: what `recipe.json` holds and the help of `train` shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Fixed, Suppress

from viceversa.core.optional import optional
from viceversa.core.schedules import (
    Schedule,
    constant,
    cyclegan_decay,
    fastcut_decay,
    linear_decay,
    schneider_decay,
    stargan_code_decay,
    tenth_decay,
)
from viceversa.data.augmentation import Augment
from viceversa.images.fitting import Filter
from viceversa.losses.multicycle import Form

Decay = Literal["linear", "constant", "cyclegan", "fastcut", "tenth", "stargan-code", "schneider"]
DECAYS: Mapping[Decay, Schedule] = {
    "linear": linear_decay,
    "constant": constant,
    "cyclegan": cyclegan_decay,
    "fastcut": fastcut_decay,
    "tenth": tenth_decay,
    "stargan-code": stargan_code_decay,
    "schneider": schneider_decay,
}

Metric = Literal["psnr_to_truth", "change_and_return", "none"]
"""Metric that chooses the best checkpoint, in order of preference. training/examination.py has the equations."""

FROZEN = ConfigDict(frozen=True, extra="forbid")

Count = Annotated[int | None, optional("N")]
Text = Annotated[str | None, optional("TEXT")]
Names = Annotated[tuple[str, ...], optional("NAME ...")]
"""Types of settings without a default value. Their description says what happens then, so the help shows no default."""


class Training(BaseModel):
    """Length and details of the training, the same for every method."""

    model_config = FROZEN

    steps: int = Field(20_000, gt=0, description="length of the training in steps, each on one batch")
    epochs: Count = Field(None, gt=0, description="length in passes over the data, which replaces the number of steps")
    batch: int = Field(16, gt=0, description="number of images per step, over all processes")
    seed: int = Field(0, ge=0, description="seed of the weights, the data order and all random draws")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto uses bf16 if the hardware supports it, otherwise fp32"
    )
    decay: Decay = Field(
        "linear",
        description="learning rate schedule: linear is constant for the first half, then falls linearly to 0; tenth falls to "
        "a tenth at the half; cyclegan, fastcut, stargan-code and schneider follow their reference code",
    )
    average: float = Field(
        0.995, ge=0, lt=1, description="decay of the moving average of the generator's weights; 0 keeps no average"
    )
    resize_to: Count = Field(
        None, gt=0, le=65_536, description="side in pixels to which training images are enlarged before a random part is cut out"
    )
    flip: bool = Field(False, description="mirror training images left to right, with probability 0.5")
    shift: int = Field(0, ge=0, description="largest random shift of a training image in pixels")
    augment: Augment = Augment()
    compile: bool = Field(False, description="compile the translator with torch.compile")
    checkpoint_every: int = Field(1000, gt=0, description="steps between checkpoints")
    sample_every: Count = Field(
        None,
        gt=0,
        description="steps between sample pictures; by default the first comes after 2 minutes, and the intervals grow",
    )
    best: Metric = Field(
        "psnr_to_truth",
        description="metric that chooses the best checkpoint; psnr_to_truth needs ground truth, without it change_and_return "
        "(target reached and source recovered) is used, which needs attributes; none: keep no best checkpoint",
    )
    labeller: bool = Field(
        True, description="also train a labeller: a classifier that recognizes the attributes of new images for `translate`"
    )


class Multicycle(BaseModel):
    """The multicyclic loss repeats losses on a chain of further translations. Each extra cycle adds one translation to the chain.
    Without extra cycles, the loss is off."""

    model_config = FROZEN

    extra: Annotated[tuple[float, ...], optional("X ...")] = Field(
        (), description="weight of each extra cycle, such as 0.25 0.125; without any, the loss is off"
    )
    form: Form = Field(
        "exact",
        description="how the chain is computed; exact: all extra cycles in each step; stochastic: one of them, drawn; on-policy: "
        "one, with gradients in its last translation only; replay: one further translation of images of earlier steps",
    )
    losses: Annotated[tuple[str, ...] | None, optional("NAME ...")] = Field(
        None, description="names of the losses to repeat along the chain; by default every loss that supports it"
    )
    cut: bool = Field(False, description="stop gradients between the translations of a chain")
    teacher: float = Field(
        0.0, ge=0, description="on-policy and replay: weight of the distance to the edit of the clean image by averaged weights"
    )
    hold: float = Field(0.0, ge=0, description="on-policy and replay: weight of the change by an edit to what is there already")
    recompute: bool = Field(False, description="keep no activations of the chain and compute them again: less memory, more time")
    start: float = Field(0.0, ge=0, lt=1, description="part of the training after which the chain begins, 0 to 1")
    rise: float = Field(0.0, ge=0, le=1, description="part of the training over which the chain's weights then rise from 0")


MethodSettings = TypeVar("MethodSettings")


class Recipe(BaseModel, Generic[MethodSettings]):
    """One training: a method's settings, its data, and how it is trained."""

    model_config = FROZEN

    name: Suppress[Fixed[str]]
    data: Annotated[str, optional("DATA")] = Field(
        "avatars",
        description="training data: a built-in set like avatars, a folder, a table, hf:NAME (Hugging Face), "
        "DATA:ATTRIBUTE (labeled data as two spaces), or NAME=DATA,NAME=DATA to join several data sets under names of your choice",
    )
    images: Text = Field(None, description="folder of the images that a table names, if it is not the table's own folder")
    attributes: Names = Field((), description="attributes of the data to use; all by default")
    size: Count = Field(
        None, gt=0, le=65_536,
        description="height and width of the images in pixels; by default 32 for drawn images (icons: 64), and a size that fits "
        "your own images",
    )  # fmt: skip
    crop: Count = Field(
        None,
        gt=0,
        description="side of the square cut from the middle of each image before it is resized; the largest possible by default",
    )
    background: int = Field(0, ge=0, le=255, description="gray level, 0 to 255, behind the transparent parts of images")
    filter: Filter = Field("bicubic", description="interpolation that resizes images")
    skip_bad: bool = Field(False, description="skip image files that cannot be read")
    init: Text = Field(
        None, description="run that gives the initial weights; your data may have more attributes than the data of that run"
    )
    init_only: Names = Field(
        (), description="networks to take from the run in init; by default all networks with the same architecture"
    )
    freeze: Names = Field((), description="networks whose weights stay as they are, such as generator; none by default")
    method: MethodSettings
    multicycle: Multicycle = Multicycle()
    training: Training = Training()
