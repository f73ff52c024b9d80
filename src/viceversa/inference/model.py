"""`Model`: a trained run that translates images."""

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
    """A trained translator. `translate` images to one target, or `chain` them through several.

    A target is a text of attributes, such as "hair=blond,glasses=yes", or the name of a space for methods between two spaces.
    Attributes that a target does not name stay unchanged: `source` gives their values, or the labeller predicts them.

    Args:
        step: number of training steps.
        run: folder of a run that may still lack its labeller.
        familiarity: statistics of the training images, for warnings of unfamiliar images.
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
        """The labeller. If the run has no trusted one yet, it is trained to its end first. Raises UsageError."""
        ready = self.labeller is not None and (self.labeller.finished or self.labeller.trusted)
        return self.labeller if ready or self.run is None else finished_labeller(self.run, self.record, self.labeller, self.device)

    @property
    def space(self) -> Space:
        return self.record.space

    @cached_property
    def routing(self) -> Routing:
        """Source and target domains of requests."""
        return routing_of(self.space, returns=self.method.returns)

    def __repr__(self) -> str:
        what = f"{self.record.recipe.name}, {' or '.join(dict.fromkeys(f'{spec.width} px' for spec in self.space.images.values()))}"
        return f"Model({what}, step {self.step:,}, {self.space.in_words})"

    def _repr_html_(self) -> str:
        """Return a description of the model and its targets, for a notebook."""
        asked = {attribute.name: ", ".join(attribute.values) for attribute in self.space.attributes}
        return f"<p>{escaped(repr(self))}</p>{pairs(asked or {'spaces': ', '.join(self.space.images)}, 'facts')}"

    @property
    def device(self) -> torch.device:
        """Device of the networks."""
        return device_of(self.method)

    def to(self, device: Device) -> Self:
        """Move the networks to a device such as "cuda" or "cpu", in place, and return the model. Raises UsageError."""
        chosen = device_named(device)
        for network in (self.method.networks, self.method.translator):
            network.to(chosen)
        for labeller in (self.labeller, self.__dict__.get("reader")):  # also a labeller that was trained on demand
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
            images: a path, a Pillow image or an array (H, W, C); a list of these; an array (N, H, W, C) of uint8 or uint16; or a
                tensor (N, C, H, W) or (C, H, W) of floats in [0, 1].
            to: target attributes, such as "glasses=yes" or {"glasses": "yes"}, or the name of a space.
            source: what the images show, in the same form; the labeller predicts attributes that it does not name.
            strength: strength of an edit of attributes: 0 is none, 1 the full edit; other values for RelGAN and STGAN only.
            reference: image whose style to copy, for methods with styles.
            seed: seed of the random style, for methods with styles.
            full_size: keep each image's size, channels, alpha and color profile; otherwise it is resized to the run's size.
            memory: memory in MiB for the networks at full size; an image that needs more is translated in tiles.
            mask: image of the same size, white where the image may change; or a Region, which has a color key and soft edges.
            paper: the images are drawings on paper, scanned or photographed, to be flattened first.
            most_pixels: larger image files are refused as decompression bombs.

        Returns:
            The translation in the form of `images`: a Pillow image for a path, a Pillow image or an array (H, W, C); otherwise a
            list, array or tensor like the given one. Pillow has 16 bits for gray only, so color of 16 bits is returned in 8 bits;
            `arrays` keeps all bits.

        Raises:
            UsageError: the target, the source or an image is not valid. The warning UnfamiliarImage is issued for images unlike
                those of the training.
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
        """Translate to each target in turn. Results are rounded to the images' bit depth, as if saved and opened again.

        Return a list with the result of `translate` for each target; see there for the arguments.
        """
        manner = Manner(strength, reference, seed, full_size, memory, _region(mask), paper, most_pixels)
        return Chain(self._chain(images, targets, source, manner), targets)

    def _chain(self, images: Pictures, targets: Sequence[Wish], source: Wish, manner: Manner) -> list[Any]:
        if isinstance(targets, str | Mapping):
            raise UsageError(f"the targets of a chain must be a list, as in [{targets!r}].")
        given = taken(images)
        return [given.returned(layers) for layers in chained(self, given.pictures, targets, source, manner)]

    def arrays(self, image: Picture, targets: Sequence[Wish], *, source: Wish = "", manner: Manner = AS_TRAINED) -> list[Pixels]:
        """Return the results of `chain` for one image as arrays (H, W, C) uint8 or uint16, in its bit depth, without alpha."""
        return [layers.colors for layers in self.layers(image, targets, source=source, manner=manner)]

    def layers(self, image: Picture, targets: Sequence[Wish], *, source: Wish = "", manner: Manner = AS_TRAINED) -> list[Layers]:
        """Return the results of `arrays` with alpha and color profile, if the size is kept."""
        return [made for (made,) in chained(self, [image], targets, source, manner)]

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """Preprocessing of images for the networks."""
        return Preprocessing(self.space.images, self.record.recipe.crop, self.record.recipe.filter)

    @torch.inference_mode()
    def translate_images(self, images: Tensor, source: Domain, target: Domain, manner: Manner = AS_TRAINED) -> Tensor:
        """Translate images (N, C, H, W) in [-1, 1] from `source` to `target`, in float32. Raises UsageError."""
        reference = self.preprocessing.reference(manner, target.space, styles=self.method.styles)
        return translated(self.method, images, source, target, reference=reference, seed=manner.seed)

    def translate_pixels(self, pixels: Pixels, source: Domain, target: Domain, manner: Manner = AS_TRAINED) -> Pixels:
        """Translate images (N, H, W, C) uint8 or uint16 from `source` to `target`, in the same bit depth. Raises UsageError."""
        return quantized(self.translate_images(normalized(torch.tensor(pixels)), source, target, manner), 8 * pixels.itemsize)


def _region(mask: Picture | Region | None) -> Region | None:
    """Return the region of a mask: a Region unchanged, a picture as the mask of one."""
    return mask if isinstance(mask, Region) or mask is None else Region(mask)
