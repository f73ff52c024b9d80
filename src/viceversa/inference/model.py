"""Using a trained run: images in, images out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self, get_args

import torch
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.method import Builder, Method
from viceversa.core.space import Space, Wish
from viceversa.errors import UsageError, unknown
from viceversa.evaluation.trainings import training_of
from viceversa.images.decoding import MOST_PIXELS
from viceversa.images.fitting import fitted
from viceversa.images.layers import Layers
from viceversa.images.load import Picture, layers_of, mask_of, pixels_of
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.paper import flattened
from viceversa.images.pixels import Pixels
from viceversa.inference.apply import ends, translated
from viceversa.inference.batches import Pictures, chained, rows, stacked, taken
from viceversa.inference.enlarged import made_at_full_size
from viceversa.inference.familiarity import FILE, Familiarity, load_familiarity
from viceversa.inference.full_size import in_channels, translated_whole, visible
from viceversa.inference.masks import Region, Weights, composed
from viceversa.metrics.chains import Candidate, translating
from viceversa.metrics.labeller import Labeller, load_labeller
from viceversa.recipes import builder
from viceversa.runs.labeller import finished_labeller
from viceversa.runs.pretrained import located, restore_generator
from viceversa.runs.record import Record, read_record
from viceversa.runs.selection import Checkpoint, best_checkpoint
from viceversa.runs.weights import check_shapes, latest_checkpoint, restore_weights


@dataclass(frozen=True)
class Manner:
    """How to translate, beside where to.

    strength: of an edit of attributes; 0 is none, 1 all, and between and beyond is for methods that can: RelGAN, STGAN.
    reference: an image that the result shall be like. seed: which of the many results. Both for methods with styles: StarGAN v2.
    full_size: whether an image keeps its size, channels and alpha; else its middle is cut out and resized to the run's size.
    memory: MiB for the networks' numbers then; what does not fit goes in tiles.
    region: where anything may change, if not everywhere.
    paper: whether images are drawings on paper, scanned or photographed, to be flattened first (images/paper.py).
    most_pixels: of an image file, counting every four channels; larger ones are refused as decompression bombs.
    """

    strength: float = 1.0
    reference: Picture | None = None
    seed: int = 0
    full_size: bool = False
    memory: int = 2048
    region: Region | None = None
    paper: bool = False
    most_pixels: int = MOST_PIXELS


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
        return self.labeller if ready or self.run is None else finished_labeller(self.run, self.record, self.labeller)

    @property
    def space(self) -> Space:
        return self.record.space

    def __repr__(self) -> str:
        what = f"{self.record.recipe.name}, {' or '.join(dict.fromkeys(f'{spec.width} px' for spec in self.space.images.values()))}"
        return f"Model({what}, step {self.step:,}, {self.space.in_words})"

    def to(self, device: str | torch.device) -> Self:
        """Move the networks to a device, as "cuda" or "cpu", in place, and return the model."""
        for network in (self.method.networks, self.method.translator, *([self.labeller.network] if self.labeller else [])):
            network.to(device)
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
        return self._chain(images, targets, source, manner)

    def _chain(self, images: Pictures, targets: Sequence[Wish], source: Wish, manner: Manner) -> list[Any]:
        if isinstance(targets, str | Mapping):
            raise UsageError(f"the targets of a chain must be a list, as in [{targets!r}].")
        given = taken(images)
        return [given.returned(layers) for layers in chained(self, given.pictures, targets, source, manner)]

    def arrays(self, image: Picture, targets: Sequence[Wish], *, source: Wish = "", manner: Manner = Manner()) -> list[Pixels]:
        """As `chain`, in the depth of the image and with all channels but alpha: (H, W, C) uint8 or uint16 each."""
        return [layers.colors for layers in self.layers(image, targets, source=source, manner=manner)]

    def layers(self, image: Picture, targets: Sequence[Wish], *, source: Wish = "", manner: Manner = Manner()) -> list[Layers]:
        """As `arrays`, with alpha and color profile where the size is kept."""
        return [made for (made,) in chained(self, [image], targets, source, manner)]

    def check(self, to: Wish, source: Wish = "") -> None:
        """Raises UsageError for a target or a source that this model does not know, before there is any image."""
        if self.space.known:
            self.space.wanted(to)
        elif self.space.attributes:
            self.space.parse(source)
            self.target(Domain(self.space.only, torch.zeros(1, self.space.label_width)), to)
        else:
            self.target(self._departure(source, to), to)

    def start(self, image: Picture, source: Wish = "", to: Wish = "") -> Domain:
        """Where an image is: its label as `source` says or the labeller reads it; or its space, `source` or the one that
        is not `to`."""
        return self.starts([image], source, to)

    def starts(self, images: Sequence[Picture], source: Wish = "", to: Wish = "") -> Domain:
        """Where some images are, all in one space: see `start`."""
        if not self.space.attributes:
            return self._departure(source, to)
        label = torch.zeros(len(images), self.space.label_width)
        if self.space.known:
            return Domain(next(iter(self.space.images)), label)
        unnamed = self.unnamed(source)
        if unnamed and self.reader is not None:
            label = self.reader.read_batch(stacked([self.prepared(image, self.space.only)[0] for image in images]))
        elif unnamed:
            needed = f"give the attributes of the image ({', '.join(unnamed)}) with `source`"
            raise UsageError(f"this run has no labeller: {needed}.")
        return Domain(self.space.only, self.space.edited(label, source))

    def source_space(self, source: Wish = "", to: Wish = "") -> str:
        """The space that `start` has an image in, whatever it shows."""
        return next(iter(self.space.images)) if self.space.attributes else self._departure(source, to).space

    def unnamed(self, source: Wish) -> list[str]:
        """The attributes that `source` does not name, which the labeller reads off an image."""
        if not self.space.attributes:
            return []
        named = self.space.parse(source)
        return [attribute.name for attribute in self.space.attributes if attribute.name not in named and not self.space.known]

    def target(self, here: Domain, to: Wish, strength: float = 1.0) -> Domain:
        """The domain that `to` names, from where the image is; part of the way there, or beyond. Raises UsageError."""
        if not isinstance(strength, int | float) or not math.isfinite(strength):
            raise UsageError(f"`strength={strength!r}`: give a number; 1 applies the full edit.")
        if self.space.known:
            return self.space.wanted(to)
        if self.space.attributes:
            if here.label is None or not to:
                example = f"{self.space.attributes[0].name}={self.space.attributes[0].values[0]}"
                raise UsageError(f"say what to change, as in `to={example!r}`.")
            return Domain(self.space.only, here.label + strength * (self.space.edited(here.label, to) - here.label))
        there = self._space_named(to) if to else next(name for name in self.space.images if name != here.space)
        if there == here.space:
            others = " or ".join(f"`to={name!r}`" for name in self.space.images if name != there)
            raise UsageError(f"the image is of {there!r} already: give {others}.")
        if not self.method.returns and there != self.space.pair[1]:
            raise UsageError(f"this method translates from {self.space.pair[0]!r} to {self.space.pair[1]!r} only.")
        return Domain(there)

    def prepared(self, image: Picture, space: str, *, paper: bool = False, most_pixels: int = MOST_PIXELS) -> Pixels:
        """The image at the size and with the channels of a space, in its depth, of paper in 8 bits: (1, H, W, C)."""
        spec = self.space.images[space]
        pixels = pixels_of(image, spec.channels, round((spec.background + 1) * 127.5), most_pixels)
        return self._fitted(_of_paper(pixels, spec.channels) if paper else pixels, space)[None]

    def opened(self, image: Picture, space: str, manner: Manner) -> Layers:
        """The image as it is, or as `prepared` makes it, with its color profile."""
        layers = layers_of(image, manner.most_pixels)
        if not manner.full_size:
            return Layers(self.prepared(layers, space, paper=manner.paper)[0], profile=layers.profile, name=layers.name)
        channels = self.space.images[space].channels
        return layers.with_colors(_of_paper(layers.colors, channels)) if manner.paper else layers

    def doubt(self, layers: Layers, space: str) -> str:
        """Why a translation of the opened image may mean nothing, where it is unlike the training images; empty where it is not."""
        if self.familiarity is None:
            return ""
        spec = self.space.images[space]
        image = self._fitted(in_channels(visible(layers, spec), spec.channels), space)
        distance = self.familiarity.distance(image, [*self.space.known] or [space])
        if distance <= 1:
            return ""
        times = f"{distance:.2g} times the usual distance"
        return f"does not look like the images that {self.name!r} was trained on ({times}): the result may be meaningless"

    def weights(self, layers: Layers, space: str, manner: Manner) -> Weights | None:
        """Where the opened image may change: (H, W, 1) in [0, 1]; None for everywhere. A mask goes the way of the image."""
        if manner.region is None:
            return None
        mask = None if manner.region.mask is None else mask_of(manner.region.mask, manner.most_pixels)
        if mask is not None and not manner.full_size:
            mask = self._fitted(mask, space)
        return manner.region.weights(layers.colors, mask)

    def translate_layers(
        self, layers: Layers, source: Domain, target: Domain, manner: Manner, weights: Weights | None = None
    ) -> Layers:
        """The opened image of `source` -> the same of `target`, left alone where its weights are 0. Raises UsageError."""
        if manner.full_size:
            spec = self.space.images[source.space]
            small = normalized(torch.tensor(self._fitted(in_channels(layers.colors, spec.channels), source.space)[None]))
            here, there = ends(
                self.method, small, source, target, reference=self._reference(manner, target.space), seed=manner.seed
            )
            made = translated_whole(self.method.translator, layers, here, there, spec=spec, memory=manner.memory)
        else:
            made = layers.with_colors(self.translate_pixels(layers.colors[None], source, target, manner)[0])
        return made if weights is None else made.with_colors(composed(layers.colors, made.colors, weights))

    def translate_batch(
        self, layers: Sequence[Layers], source: Domain, target: Domain, manner: Manner, weights: Sequence[Weights | None]
    ) -> list[Layers]:
        """As `translate_layers`, many opened images at once: all of the run's size, or one that keeps its own."""
        if manner.full_size:
            return [self.translate_layers(layers[0], source, target, manner, weights[0])]
        here, there = rows(source, len(layers)), rows(target, len(layers))
        images = self.translate_images(stacked([each.colors for each in layers]), here, there, manner)
        made = [quantized(one[None], 8 * each.colors.itemsize)[0] for one, each in zip(images, layers, strict=True)]
        return [
            each.with_colors(after if kept is None else composed(each.colors, after, kept))
            for each, after, kept in zip(layers, made, weights, strict=True)
        ]

    def _fitted(self, pixels: Pixels, space: str) -> Pixels:
        """(H, W, C) -> the height and width of a space."""
        spec, recipe = self.space.images[space], self.record.recipe
        return fitted(pixels, (spec.height, spec.width), recipe.crop, recipe.filter)

    @property
    def candidate(self) -> Candidate:
        """What an evaluation measures of the model."""
        read = self._read if self.method.discriminate else None
        measured = translating(self.translate_images, read, returns=self.method.returns)
        return replace(measured, full_size=partial(made_at_full_size, self.method), training=training_of(self.record, self.step))

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
            raise UsageError("this method gives one result for each target: it takes no reference image and no seed.")
        if manner.reference is None:
            return None
        return normalized(torch.tensor(self.prepared(manner.reference, space, most_pixels=manner.most_pixels)))

    @torch.no_grad()
    def _read(self, pixels: Pixels) -> Tensor:
        """The labels that the model's own discriminator reads: (N, H, W, C) -> (N, K)."""
        assert self.method.discriminate is not None
        device = next(self.method.translator.parameters()).device
        images = normalized(torch.tensor(pixels)).to(device)
        logits = self.method.discriminate(images, Domain(self.space.only)).logits
        assert logits is not None
        return self.space.read(logits.float().cpu())

    def _departure(self, source: Wish, to: Wish) -> Domain:
        there = self._space_named(to) if to else ""
        return Domain(self._space_named(source) if source else next(name for name in self.space.images if name != there))

    def _space_named(self, name: Wish) -> str:
        if not isinstance(name, str):
            raise UsageError(f"{name!r} names no space: this run translates between {' and '.join(self.space.images)}.")
        return self.space.called(name)


def _region(mask: Picture | Region | None) -> Region | None:
    """Where an image may change: a region as it is, a picture as one that is white there."""
    return mask if isinstance(mask, Region) or mask is None else Region(mask)


def _of_paper(colors: Pixels, channels: int) -> Pixels:
    """The lines of a drawing on paper, in that many channels. Raises UsageError for neither gray nor color."""
    return in_channels(flattened(in_channels(colors, 1)), channels)


def load(run: str | Path, *, build: Builder | None = None, checkpoint: Checkpoint = "best") -> Model:
    """The model of a run, with averaged weights where it has them; or `avatars`, which comes with the package.

    build: the function that the run was trained with, for a custom method. checkpoint: the "best" one, or the last where
    a run has none that was chosen; or the "last". Raises UsageError.
    """
    folder = located(run)
    if folder != Path(run):
        return _packaged(folder)
    record = read_record(folder)
    if record.build and build is None:
        own = f"{str(run)!r} was trained with a custom method, {record.build}"
        raise UsageError(f"{own}: load it in Python with viceversa.load(run, build=FUNCTION).")
    chosen = _chosen(folder, checkpoint)
    if chosen is None:
        raise UsageError(f"{str(run)!r} has no checkpoint yet.")
    if build is None:
        check_shapes(chosen, builder(record.recipe), record.space)
    method = builder(record.recipe, build)(record.space)
    restore_weights(chosen, method, averaged=record.recipe.training.average > 0)
    method.networks.eval().requires_grad_(False)
    labeller = _labeller(folder / "labeller.safetensors", record.space)
    return Model(
        folder.resolve().name, method, record, labeller, int(chosen.name), run=folder, familiarity=load_familiarity(folder / FILE)
    )


def _packaged(folder: Path) -> Model:
    """A model that comes with the package, without its discriminator."""
    record = read_record(folder)
    method = replace(builder(record.recipe)(record.space), discriminate=None)
    steps = restore_generator(folder, method)
    method.networks.eval().requires_grad_(False)
    labeller, familiarity = load_labeller(folder / "labeller.safetensors"), load_familiarity(folder / FILE)
    return Model(folder.name, method, record, labeller, steps, familiarity=familiarity)


def _chosen(run: Path, checkpoint: Checkpoint) -> Path | None:
    """The folder of the checkpoint asked for; None where the run has none at all. Raises UsageError."""
    if checkpoint not in get_args(Checkpoint):
        raise unknown("checkpoint", checkpoint, get_args(Checkpoint))
    return (best_checkpoint(run) if checkpoint == "best" else None) or latest_checkpoint(run)


def _labeller(path: Path, space: Space) -> Labeller | None:
    """The labeller of a run for that space, if it has one."""
    if not path.exists():
        return None
    labeller = load_labeller(path)
    channels = [[spec.channels for spec in each.images.values()] for each in (labeller.space, space)]
    if labeller.space.attributes != space.attributes or channels[0] != channels[1]:
        raise UsageError(f"the labeller {str(path)!r} is for other attributes or other images than this run: remove it.")
    return labeller
