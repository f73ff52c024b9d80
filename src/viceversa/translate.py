"""Using a trained run: images in, images out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import get_args

import torch
from PIL import Image
from torch import Tensor

from viceversa.data.augment import normalized, quantized
from viceversa.data.dataset import Pixels
from viceversa.data.fitting import fitted
from viceversa.data.layers import Layers
from viceversa.data.paper import flattened
from viceversa.domains import Domain, Space
from viceversa.errors import UsageError, unknown
from viceversa.evaluation.chains import Candidate, translating
from viceversa.evaluation.enlarged import made_at_full_size
from viceversa.evaluation.labeller import Labeller, load_labeller
from viceversa.evaluation.trainings import training_of
from viceversa.full_size import in_channels, translated_whole
from viceversa.method import Builder, Method
from viceversa.opening import Picture, layers_of, mask_of, pixels_of, seen
from viceversa.pretrained import located, restore_generator
from viceversa.recipes import builder
from viceversa.recipes.record import Record, read_record
from viceversa.regions import Region, Weights, composed
from viceversa.requests import ends
from viceversa.requests import translated as translated
from viceversa.training.checkpoint import check_shapes, latest_checkpoint, restore_weights
from viceversa.training.selection import Checkpoint, best_checkpoint


@dataclass(frozen=True)
class Manner:
    """How to translate, beside where to.

    strength: of an edit of attributes; 0 is none, 1 all, and between and beyond is for methods that can: RelGAN, STGAN.
    reference: an image that the result shall be like. seed: which of the many results. Both for methods with styles: StarGAN v2.
    full_size: whether an image keeps its size, channels, alpha and color profile; else it is brought to the run's size. memory:
    MiB for the networks' numbers then; what does not fit goes in tiles. region: where anything may change, if not everywhere.
    paper: whether images are drawings on paper, scanned or photographed, to be flattened first (data/paper.py).
    """

    strength: float = 1.0
    reference: Picture | None = None
    seed: int = 0
    full_size: bool = False
    memory: int = 2048
    region: Region | None = None
    paper: bool = False


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
        return [seen(layers) for layers in self.layers(image, targets, source=source, manner=manner)]

    def arrays(self, image: Picture, targets: Sequence[str], *, source: str = "", manner: Manner = Manner()) -> list[Pixels]:
        """As `chain`, in the depth of the image and with all channels but alpha: (H, W, C) uint8 or uint16 each."""
        return [layers.colors for layers in self.layers(image, targets, source=source, manner=manner)]

    def layers(self, image: Picture, targets: Sequence[str], *, source: str = "", manner: Manner = Manner()) -> list[Layers]:
        """As `arrays`, with alpha and color profile where the size is kept."""
        here = self.start(image, source, targets[0] if targets else "")
        layers = self.opened(image, here.space, manner)
        weights = self.weights(layers, here.space, manner)
        made = []
        for to in targets:
            there = self.target(here, to, manner.strength)
            layers = self.translate_layers(layers, here, there, manner, weights)
            made.append(layers)
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

    def source_space(self, source: str = "", to: str = "") -> str:
        """The space that `start` has an image in, whatever it shows."""
        return next(iter(self.space.images)) if self.space.attributes else self._departure(source, to).space

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

    def prepared(self, image: Picture, space: str, *, paper: bool = False) -> Pixels:
        """The image at the size and with the channels of a space, in its depth, of paper in 8 bits: (1, H, W, C)."""
        spec = self.space.images[space]
        pixels = pixels_of(image, spec.channels, round((spec.background + 1) * 127.5))
        return self._fitted(_of_paper(pixels, spec.channels) if paper else pixels, space)[None]

    def opened(self, image: Picture, space: str, manner: Manner) -> Layers:
        """The image as it is, or as `prepared` makes it."""
        if not manner.full_size:
            return Layers(self.prepared(image, space, paper=manner.paper)[0])
        channels = self.space.images[space].channels
        layers = layers_of(image, channels)
        return layers.with_colors(_of_paper(layers.colors, channels)) if manner.paper else layers

    def weights(self, layers: Layers, space: str, manner: Manner) -> Weights | None:
        """Where the opened image may change: (H, W, 1) in [0, 1]; None for everywhere. A mask goes the way of the image."""
        if manner.region is None:
            return None
        mask = None if manner.region.mask is None else mask_of(manner.region.mask)
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


def _of_paper(colors: Pixels, channels: int) -> Pixels:
    """The lines of a drawing on paper, in that many channels. Raises UsageError for neither gray nor color."""
    return in_channels(flattened(in_channels(colors, 1)), channels)


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


def _labeller(path: Path, space: Space) -> Labeller | None:
    """The labeller of a run for that space, if it has one."""
    if not path.exists():
        return None
    labeller = load_labeller(path)
    channels = [[spec.channels for spec in each.images.values()] for each in (labeller.space, space)]
    if labeller.space.attributes != space.attributes or channels[0] != channels[1]:
        raise UsageError(f"the labeller {str(path)!r} reads other attributes or images than the run has: remove it.")
    return labeller
