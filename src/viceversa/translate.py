"""Using a trained run: images in, images out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from viceversa.data.augment import normalized, quantized
from viceversa.data.dataset import Pixels
from viceversa.data.fitting import fitted, shown
from viceversa.data.store import read_image
from viceversa.domains import Domain, Space
from viceversa.errors import UsageError, unknown
from viceversa.evaluation.chains import Candidate, translating
from viceversa.evaluation.labeller import Labeller, load_labeller
from viceversa.journey import walk
from viceversa.method import Builder, Method, Request
from viceversa.opening import pixels_of
from viceversa.pretrained import located, restore_generator
from viceversa.recipes import builder
from viceversa.recipes.record import Record, read_record
from viceversa.training.checkpoint import check_shapes, latest_checkpoint, restore_weights
from viceversa.training.selection import Checkpoint, best_checkpoint

Picture = Image.Image | str | Path | Pixels
"""An image: Pillow's, a file's path, or an array (H, W, C) of uint8 or uint16."""


@dataclass(frozen=True)
class Manner:
    """How to translate, beside where to.

    strength: of an edit of attributes; 0 is none, 1 all, and between and beyond is for methods that can: RelGAN, STGAN.
    reference: an image that the result shall be like. seed: which of the many results. Both for methods with styles: StarGAN v2.
    """

    strength: float = 1.0
    reference: Picture | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Model:
    """A trained translator with what it takes to use it: `translate` one image, or `chain` one through several targets.

    Targets are attributes, as in "hair=blond,glasses=yes", or a space's name for methods between two spaces. Attributes
    that a target does not name stay as they are: as `source` says, or else as the labeller reads them off the image.
    step: how many steps it was trained.
    """

    name: str
    method: Method
    record: Record
    labeller: Labeller | None
    step: int = 0

    @property
    def space(self) -> Space:
        return self.record.space

    def translate(self, image: Picture, to: str = "", *, source: str = "", manner: Manner = Manner()) -> Image.Image:
        """The image, translated. source: attributes of the image, or its space. Raises UsageError.

        Pillow has gray of 16 bits and color of 8: of color with 16 bits, and of other channels, this is what can be seen,
        and `arrays` has all.
        """
        return self.chain(image, [to], source=source, manner=manner)[-1]

    def chain(self, image: Picture, targets: Sequence[str], *, source: str = "", manner: Manner = Manner()) -> list[Image.Image]:
        """The image translated to each target in turn, each time rounded to its bits, as if it were saved and opened again."""
        return [_picture(pixels) for pixels in self.arrays(image, targets, source=source, manner=manner)]

    def arrays(self, image: Picture, targets: Sequence[str], *, source: str = "", manner: Manner = Manner()) -> list[Pixels]:
        """As `chain`, in the depth of the image and with all channels: (H, W, C) uint8 or uint16 each."""
        here = self.start(image, source, targets[0] if targets else "")
        pixels = self.prepared(image, here.space)
        made = []
        for to in targets:
            there = self.target(here, to, manner.strength)
            pixels = self.translate_pixels(pixels, here, there, manner)
            made.append(pixels[0])
            here = Domain(there.space, there.label)
        return made

    def check(self, to: str, source: str = "") -> None:
        """Raises UsageError for a target or a source that this model does not know, before there is any image."""
        if self.space.known:
            self.space.wanted(to)
        elif self.space.attributes:
            self.space.parse(source)
            self.target(Domain(self.space.only, torch.zeros(1, self.space.label_width)), to)
        else:
            self.target(self._departure(source, to), to)

    def start(self, image: Picture, source: str = "", to: str = "") -> Domain:
        """Where an image is: its label as `source` says or the labeller reads it; or its space, `source` or the one that
        is not `to`."""
        if not self.space.attributes:
            return self._departure(source, to)
        if self.space.known:
            return Domain(next(iter(self.space.images)), torch.zeros(1, self.space.label_width))
        label = torch.zeros(1, self.space.label_width)
        unnamed = self.unnamed(source)
        if unnamed and self.labeller is not None:
            label = self.labeller.read(self.prepared(image, self.space.only))
        elif unnamed:
            raise UsageError(f"this run has no labeller: say with --from what the image shows ({', '.join(unnamed)}).")
        return Domain(self.space.only, self.space.edited(label, source))

    def unnamed(self, source: str) -> list[str]:
        """The attributes that `source` does not name, which the labeller reads off an image."""
        named = self.space.parse(source)
        return [attribute.name for attribute in self.space.attributes if attribute.name not in named and not self.space.known]

    def target(self, here: Domain, to: str, strength: float = 1.0) -> Domain:
        """The domain that `to` names, from where the image is; part of the way there, or beyond. Raises UsageError."""
        if self.space.known:
            return self.space.wanted(to)
        if self.space.attributes:
            if here.label is None or not to:
                example = f"{self.space.attributes[0].name}={self.space.attributes[0].values[0]}"
                raise UsageError(f"say what to change, as in --to {example}.")
            return Domain(self.space.only, here.label + strength * (self.space.edited(here.label, to) - here.label))
        there = self._space_named(to) if to else next(name for name in self.space.images if name != here.space)
        if there == here.space:
            raise UsageError(f"the image is of {there!r} already: translate it to another of {', '.join(self.space.images)}.")
        if not self.method.returns and there != self.space.pair[1]:
            raise UsageError(f"this method translates from {self.space.pair[0]!r} to {self.space.pair[1]!r} only.")
        return Domain(there)

    def prepared(self, image: Picture, space: str) -> Pixels:
        """The image at the size and with the channels of a space, in its own depth: (1, H, W, C) uint8 or uint16."""
        spec = self.space.images[space]
        background = round((spec.background + 1) * 127.5)
        match image:
            case Image.Image():
                pixels = pixels_of(image, spec.channels, background)
            case np.ndarray():
                pixels = _checked(image, spec.channels)
            case _:
                pixels = read_image(Path(image), spec.channels, background)
        recipe = self.record.recipe
        return fitted(pixels, (spec.height, spec.width), recipe.crop, recipe.filter)[None]

    @property
    def candidate(self) -> Candidate:
        """What an evaluation measures of the model."""
        read = self._read if self.method.discriminate else None
        return translating(self.translate_images, read, returns=self.method.returns)

    @torch.no_grad()
    def translate_images(self, images: Tensor, source: Domain, target: Domain, manner: Manner = Manner()) -> Tensor:
        """(N, C, H, W) in [-1, 1] of `source` -> the same of `target`, in float32. Raises UsageError."""
        reference = self._reference(manner, target.space)
        return translated(self.method, images, source, target, reference=reference, seed=manner.seed)

    def translate_pixels(self, pixels: Pixels, source: Domain, target: Domain, manner: Manner = Manner()) -> Pixels:
        """(N, H, W, C) uint8 or uint16 of `source` -> the same of `target`, of the same depth. Raises UsageError."""
        return quantized(self.translate_images(normalized(torch.tensor(pixels)), source, target, manner), 8 * pixels.itemsize)

    def _reference(self, manner: Manner, space: str) -> Tensor | None:
        """The reference image, (1, C, H, W) in [-1, 1]. Raises UsageError for one that the method does not look at."""
        if not self.method.styles and (manner.seed or manner.reference is not None):
            raise UsageError("this method has one translation to each target: it takes neither a reference image nor a seed.")
        return None if manner.reference is None else normalized(torch.tensor(self.prepared(manner.reference, space)))

    @torch.no_grad()
    def _read(self, pixels: Pixels) -> Tensor:
        """The labels that the model's own discriminator reads: (N, H, W, C) -> (N, K)."""
        assert self.method.discriminate is not None
        device = next(self.method.translator.parameters()).device
        images = normalized(torch.tensor(pixels)).to(device)
        logits = self.method.discriminate(images, Domain(self.space.only)).logits
        assert logits is not None
        return self.space.read(logits.float().cpu())

    def _departure(self, source: str, to: str) -> Domain:
        return Domain(self._space_named(source) if source else next(name for name in self.space.images if name != to))

    def _space_named(self, name: str) -> str:
        if name not in self.space.images:
            raise unknown("space", name, self.space.images)
        return name


def load(run: str | Path, *, build: Builder | None = None, checkpoint: Checkpoint = "best") -> Model:
    """The model of a run, with averaged weights where it has them; or `avatars`, which comes with the package.

    build: the function that the run was trained with, for a method of your own. checkpoint: the "best" one, or the last where
    a run has none that was chosen; or the "last". Raises UsageError.
    """
    folder = located(run)
    if folder != Path(run):
        return _packaged(folder)
    record = read_record(folder)
    if record.build and build is None:
        own = f"{str(run)!r} was trained with a method of its own, {record.build}"
        raise UsageError(f"{own}: load it in Python, load(run, build=...) with that function.")
    chosen = _chosen(folder, checkpoint)
    if chosen is None:
        raise UsageError(f"{str(run)!r} has no checkpoint yet.")
    if build is None:
        check_shapes(chosen, builder(record.recipe), record.space)
    method = builder(record.recipe, build)(record.space)
    restore_weights(chosen, method, averaged=record.recipe.training.average > 0)
    method.networks.eval().requires_grad_(False)
    labeller = _labeller(folder / "labeller.safetensors", record.space)
    return Model(folder.resolve().name, method, record, labeller, step=int(chosen.name))


def _packaged(folder: Path) -> Model:
    """A model that comes with the package, without its discriminator."""
    record = read_record(folder)
    method = replace(builder(record.recipe)(record.space), discriminate=None)
    steps = restore_generator(folder, method)
    method.networks.eval().requires_grad_(False)
    return Model(folder.name, method, record, load_labeller(folder / "labeller.safetensors"), step=steps)


def _chosen(run: Path, checkpoint: Checkpoint) -> Path | None:
    """The folder of the checkpoint asked for; None where the run has none at all. Raises UsageError."""
    if checkpoint not in get_args(Checkpoint):
        raise unknown("checkpoint", checkpoint, get_args(Checkpoint))
    return (best_checkpoint(run) if checkpoint == "best" else None) or latest_checkpoint(run)


def translated(
    method: Method, images: Tensor, source: Domain, target: Domain, *, reference: Tensor | None = None, seed: int = 0
) -> Tensor:
    """(N, C, H, W) in [-1, 1] of `source` -> the same of `target`: on the method's device, and back on the CPU.

    reference (1, C, H, W), seed: for methods with styles, read off that image or drawn.
    """
    device = next(method.translator.parameters()).device
    wanted = _moved(target, device)
    request = Request(wanted.space, wanted.label, None if reference is None else reference.to(device), seed)
    return walk(method.translate, images.to(device), [_moved(source, device), method.destination(request)])[-1].cpu()


def _labeller(path: Path, space: Space) -> Labeller | None:
    """The labeller of a run for that space, if it has one."""
    if not path.exists():
        return None
    labeller = load_labeller(path)
    channels = [[spec.channels for spec in each.images.values()] for each in (labeller.space, space)]
    if labeller.space.attributes != space.attributes or channels[0] != channels[1]:
        raise UsageError(f"the labeller {str(path)!r} reads other attributes or images than the run has: remove it.")
    return labeller


def _moved(domain: Domain, device: torch.device) -> Domain:
    return domain if domain.label is None else Domain(domain.space, domain.label.to(device), domain.style)


def _checked(pixels: Pixels, channels: int) -> Pixels:
    if pixels.ndim != 3 or pixels.shape[2] != channels or pixels.dtype not in (np.uint8, np.uint16) or not pixels.size:
        what = f"{pixels.shape} of {pixels.dtype}"
        raise UsageError(f"this run takes arrays (height, width, {channels}) of uint8 or uint16, not {what}.")
    return pixels


def _picture(pixels: Pixels) -> Image.Image:
    """What Pillow can hold of an image (H, W, C): gray in its depth, else what can be seen, in 8 bits."""
    if pixels.dtype == np.uint16 and pixels.shape[2] == 1:
        return Image.fromarray(pixels[..., 0])
    seen = shown(pixels)
    return Image.fromarray(seen[..., 0] if seen.shape[2] == 1 else seen)
