"""Using a trained run: images in, images out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.method import Method
from viceversa.core.routing import Routing, routing_of
from viceversa.core.space import Space, Wish
from viceversa.device import Device, device_named
from viceversa.errors import UsageError
from viceversa.images.decoding import MOST_PIXELS
from viceversa.images.layers import Layers
from viceversa.images.load import Picture
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.inference.apply import device_of, translated
from viceversa.inference.batches import Pictures, taken
from viceversa.inference.chain import Chain
from viceversa.inference.familiarity import Familiarity
from viceversa.inference.masks import Region
from viceversa.inference.preprocessing import AS_TRAINED, Manner, Preprocessing
from viceversa.inference.translation import chained
from viceversa.metrics.labeller import Labeller
from viceversa.pages.document import escaped, pairs
from viceversa.runs.labeller import finished_labeller
from viceversa.runs.record import Record


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained translator with what it takes to use it: `translate` one image, or `chain` one through several targets.

    Targets are attributes, as in "hair=blond,glasses=yes", or a space's name for methods between two spaces. Attributes
    that a target does not name stay as they are: as `source` says, or else as the labeller reads them off the image.
    step: how many steps it was trained. run: its folder, where it is one that may still lack its labeller. familiarity: what it
    knows of its training images, to warn of others.
    """

    name: str
    method: Method
    record: Record
    labeller: Labeller | None
    step: int = 0
    run: Path | None = None
    familiarity: Familiarity | None = None

    @cached_property
    def reader(self) -> Labeller | None:
        """The labeller, which is trained to its end first where the run has none yet that can be trusted. Raises UsageError."""
        ready = self.labeller is not None and (self.labeller.finished or self.labeller.trusted)
        return self.labeller if ready or self.run is None else finished_labeller(self.run, self.record, self.labeller, self.device)

    @property
    def space(self) -> Space:
        return self.record.space

    @cached_property
    def routing(self) -> Routing:
        """Where images depart from, and where targets lead."""
        return routing_of(self.space, returns=self.method.returns)

    def __repr__(self) -> str:
        what = f"{self.record.recipe.name}, {' or '.join(dict.fromkeys(f'{spec.width} px' for spec in self.space.images.values()))}"
        return f"Model({what}, step {self.step:,}, {self.space.in_words})"

    def _repr_html_(self) -> str:
        """Return what the model is and what it can be asked for, as a notebook shows it."""
        asked = {attribute.name: ", ".join(attribute.values) for attribute in self.space.attributes}
        return f"<p>{escaped(repr(self))}</p>{pairs(asked or {'spaces': ', '.join(self.space.images)}, 'facts')}"

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return device_of(self.method)

    def to(self, device: Device) -> Self:
        """Move the networks to a device, as "cuda" or "cpu", in place, and return the model. Raises UsageError."""
        chosen = device_named(device)
        for network in (self.method.networks, self.method.translator):
            network.to(chosen)
        for labeller in (self.labeller, self.__dict__.get("reader")):  # a labeller that was trained on demand, too
            if labeller is not None:
                labeller.to(chosen)
        return self

    def translate(
        self,
        images: Pictures,
        to: Wish = "",
        *,
        source: Wish = "",
        strength: float = 1.0,
        reference: Picture | None = None,
        seed: int = 0,
        full_size: bool = False,
        memory: int = 2048,
        mask: Picture | Region | None = None,
        paper: bool = False,
        most_pixels: int = MOST_PIXELS,
    ) -> Any:
        """Translate one image, or many in batches.

        Args:
            images: a path, a Pillow image or an array (H, W, C), which becomes a Pillow image; a list of these, which becomes a
                list; an array (N, H, W, C) of uint8 or uint16, which becomes one of the same type; or a tensor (N, C, H, W) or
                (C, H, W) of floats in [0, 1], which becomes one on the same device.
            to: attributes, as "glasses=yes" or {"glasses": "yes"}, or the name of a space.
            source: what the images show, in the same form; the labeller reads what it does not name.
            strength: part of an edit of attributes: 0 is none, 1 all; others are for methods that can (RelGAN, STGAN).
            reference: an image that the result shall be like. seed: which of the many results. Both for methods with styles.
            full_size: keep each image's size, channels, alpha and color profile; otherwise it is brought to the run's size.
            memory: in MiB, for the networks at full size; an image that needs more goes in tiles.
            mask: white where the image may change, of its size; or a Region, which has a color key and soft edges.
            paper: the images are drawings on paper, scanned or photographed, to be flattened first.
            most_pixels: larger image files are refused as decompression bombs.

        Pillow has gray of 16 bits and color of 8: a translation with more comes back in 8 bits, and `arrays` has all of it.
        Raises UsageError. Warns (UnfamiliarImage) of images unlike those of the training.
        """
        manner = Manner(strength, reference, seed, full_size, memory, _region(mask), paper, most_pixels)
        return self._chain(images, [to], source, manner)[0]

    def chain(
        self,
        images: Pictures,
        targets: Sequence[Wish],
        *,
        source: Wish = "",
        strength: float = 1.0,
        reference: Picture | None = None,
        seed: int = 0,
        full_size: bool = False,
        memory: int = 2048,
        mask: Picture | Region | None = None,
        paper: bool = False,
        most_pixels: int = MOST_PIXELS,
    ) -> list[Any]:
        """Translate to each target in turn, each time rounded to the images' bits, as if saved and opened again.

        For each target, what `translate` returns; see there for the arguments.
        """
        manner = Manner(strength, reference, seed, full_size, memory, _region(mask), paper, most_pixels)
        return Chain(self._chain(images, targets, source, manner), targets)

    def _chain(self, images: Pictures, targets: Sequence[Wish], source: Wish, manner: Manner) -> list[Any]:
        if isinstance(targets, str | Mapping):
            raise UsageError(f"the targets of a chain must be a list, as in [{targets!r}].")
        given = taken(images)
        return [given.returned(layers) for layers in chained(self, given.pictures, targets, source, manner)]

    def arrays(self, image: Picture, targets: Sequence[Wish], *, source: Wish = "", manner: Manner = AS_TRAINED) -> list[Pixels]:
        """As `chain`, in the depth of the image and with all channels but alpha: (H, W, C) uint8 or uint16 each."""
        return [layers.colors for layers in self.layers(image, targets, source=source, manner=manner)]

    def layers(self, image: Picture, targets: Sequence[Wish], *, source: Wish = "", manner: Manner = AS_TRAINED) -> list[Layers]:
        """As `arrays`, with alpha and color profile where the size is kept."""
        return [made for (made,) in chained(self, [image], targets, source, manner)]

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """How images are brought to what the networks take."""
        return Preprocessing(self.space.images, self.record.recipe.crop, self.record.recipe.filter)

    @torch.inference_mode()
    def translate_images(self, images: Tensor, source: Domain, target: Domain, manner: Manner = AS_TRAINED) -> Tensor:
        """(N, C, H, W) in [-1, 1] of `source` -> the same of `target`, in float32. Raises UsageError."""
        reference = self.preprocessing.reference(manner, target.space, styles=self.method.styles)
        return translated(self.method, images, source, target, reference=reference, seed=manner.seed)

    def translate_pixels(self, pixels: Pixels, source: Domain, target: Domain, manner: Manner = AS_TRAINED) -> Pixels:
        """(N, H, W, C) uint8 or uint16 of `source` -> the same of `target`, of the same depth. Raises UsageError."""
        return quantized(self.translate_images(normalized(torch.tensor(pixels)), source, target, manner), 8 * pixels.itemsize)


def _region(mask: Picture | Region | None) -> Region | None:
    """Where an image may change: a region as it is, a picture as one that is white there."""
    return mask if isinstance(mask, Region) or mask is None else Region(mask)
