"""Typed settings of a training, complete and serializable: what `recipe.json` holds and `train RECIPE --help` shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Fixed, Suppress

from viceversa.data.augmentation import Augment
from viceversa.data.fitting import Filter
from viceversa.optional import optional
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

Count = Annotated[int | None, optional("N")]
Text = Annotated[str | None, optional("TEXT")]
Names = Annotated[tuple[str, ...], optional("NAME ...")]
"""Settings whose default is none: their description says what that means, so that the help shows no default beside it."""


class Training(BaseModel):
    """Length and details of the training, the same for every method."""

    model_config = FROZEN

    steps: int = Field(20_000, gt=0, description="length of the training in steps, each on one batch")
    batch: int = Field(16, gt=0, description="number of images per step, over all processes")
    seed: int = Field(0, ge=0, description="seed of the weights, the data order and all random draws")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto uses bf16 if the hardware supports it, otherwise fp32"
    )
    decay: Decay = Field("linear", description="learning rate: linear is constant, then falls to 0; others follow reference code")
    average: float = Field(
        0.995, ge=0, lt=1, description="decay of the moving average of the generator's weights; 0 keeps no average"
    )
    resize_to: Count = Field(
        None, gt=0, le=65_536, description="side in pixels to which training images are enlarged before a random part is cut out"
    )
    flip: bool = Field(False, description="mirror half of the training images")
    shift: int = Field(0, ge=0, description="largest random shift of a training image in pixels")
    augment: Augment = Augment()
    compile: bool = Field(False, description="compile the translator with torch.compile")
    checkpoint_every: int = Field(1000, gt=0, description="steps between checkpoints")
    sample_every: Count = Field(
        None, gt=0, description="steps between sample pictures; by default they go by time: after 2 minutes, then ever more rarely"
    )
    best: Metric = Field(
        "psnr_to_truth",
        description="metric that chooses the best checkpoint; if the data cannot provide it, the next one in the list is used",
    )
    labeller: bool = Field(True, description="also train a classifier, so that `translate` recognizes the attributes of new images")


class Multicycle(BaseModel):
    """The multicyclic loss, which repeats losses on further translations; it is off without extra cycles."""

    model_config = FROZEN

    extra: Annotated[tuple[float, ...], optional("X ...")] = Field(
        (), description="weight of each extra cycle, such as 0.25 0.125; without any, the loss is off"
    )
    losses: Annotated[tuple[str, ...] | None, optional("NAME ...")] = Field(
        None, description="names of the losses to repeat along the chain; by default all that can be"
    )
    cut: bool = Field(False, description="stop gradients between the translations of a chain")


MethodSettings = TypeVar("MethodSettings")


class Recipe(BaseModel, Generic[MethodSettings]):
    """One training: a method's settings, its data, and how it is trained."""

    model_config = FROZEN

    name: Suppress[Fixed[str]]
    data: str = Field(
        "avatars",
        description="training data: a built-in set like avatars, a folder, a table, hf:NAME (Hugging Face), NAME=DATA,NAME=DATA, "
        "or DATA:ATTRIBUTE (labeled data as two spaces)",
    )
    images: Text = Field(None, description="folder of the images that a table names, if it is not the table's own folder")
    attributes: Names = Field((), description="attributes of the data to use; all by default")
    size: Count = Field(
        None, gt=0, le=65_536,
        description="height and width of the images in pixels; if not given, chosen from your own images, and 32 for drawn ones",
    )  # fmt: skip
    crop: Count = Field(
        None,
        gt=0,
        description="side of the square cut from the middle of each image before it is resized; the largest possible by default",
    )
    background: int = Field(0, ge=0, le=255, description="gray level, 0 to 255, behind the transparent parts of images")
    filter: Filter = Field("bicubic", description="interpolation that resizes images")
    skip_bad: bool = Field(False, description="skip image files that cannot be read")
    init: Text = Field(None, description="a run whose weights the training starts from; the data may have further attributes")
    init_only: Names = Field((), description="networks to take from the run in --init; by default all that fit")
    freeze: Names = Field((), description="networks whose weights stay as they are, such as generator; none by default")
    method: MethodSettings
    multicycle: Multicycle = Multicycle()
    training: Training = Training()
