"""The computations of an exported file as PyTorch modules: a translation from pixels to pixels, and the style of a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import entered
from viceversa.core.method import Request
from viceversa.core.space import Space
from viceversa.exporting.sizes import Size, fitted, padded, resized, scaled
from viceversa.images.normalizing import levels, normalized
from viceversa.inference.full_size import translated_at_its_size
from viceversa.networks.adapters import Coded, PerTarget


class TranslationGraph(nn.Module):
    """Translation of pixels (N, H, W, C) uint8, given labels and styles if the translator needs them. With a labeller, it also
    returns the labeller's logits (N, K).

    Args:
        translator: the generator.
        space: space of the data.
        source, target: spaces of the translation.
        names: names of the additional inputs, in order: "target" and "source", labels (N, K), and "style" (N, S).
        multiple: sides are padded to multiples of this number, at the scale of the canvas; None if images have the trained size.
        reader: network of a labeller; NaN in the columns of an attribute is replaced by its prediction.
        crop: as in `fitted`.
    """

    def __init__(
        self,
        translator: nn.Module,
        space: Space,
        source: str,
        target: str,
        *,
        names: Sequence[str],
        multiple: int | None,
        reader: nn.Module | None,
        crop: int | None,
    ) -> None:
        super().__init__()
        self.translator, self.reader, self.space, self.source, self.target = translator, reader, space, source, target
        self.names, self.multiple, self.crop = names, multiple, crop
        self.before, self.canvas, self.after = sizes_of(translator, space, source, target)

    def forward(self, images: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        image, known = normalized(images), dict(zip(self.names, given, strict=True))
        logits = () if self.reader is None else (self.reader(self._seen(image)),)
        if logits:
            read = self.space.read(logits[0])
            known |= {name: torch.where(label.isnan(), read, label) for name, label in known.items() if name != "style"}
        here, there = Domain(self.source, known.get("source")), Domain(self.target, known.get("target"), known.get("style"))
        return levels(self._translated(image, here, there)), *logits

    def _translated(self, image: Tensor, here: Domain, there: Domain) -> Tensor:
        if self.multiple is None:
            return self.translator(image, here, there)  # type: ignore[no-any-return]
        seen = resized(image, scaled(image, self.before, self.canvas))
        whole = padded(seen, self.canvas, self.multiple)
        made = translated_at_its_size(self.translator, whole, here, there)[:, :, : seen.shape[2], : seen.shape[3]]
        return resized(made, scaled(image, self.before, self.after))

    def _seen(self, image: Tensor) -> Tensor:
        """Return the image at the size that the labeller was trained on."""
        return image if self.multiple is None else fitted(image, self.space.images[self.source], self.crop)


def sizes_of(translator: nn.Module, space: Space, source: str, target: str) -> tuple[Size, Size, Size]:
    """Return the trained sizes of images in the source space, inside the translator, and in the target space."""
    before, after = (space.images[name].shape[1:] for name in (source, target))
    return before, translator.canvas if isinstance(translator, PerTarget | Coded) else before, after


class StyleGraph(nn.Module):
    """Style (N, S) of a target's label (N, K), from a code (N, L) or from the pixels of a reference image."""

    def __init__(self, networks: nn.Module, destination: Callable[[Request], Domain], space: str, *, of_reference: bool) -> None:
        super().__init__()
        self.networks, self.destination, self.space, self.of_reference = networks, destination, space, of_reference

    def forward(self, target: Tensor, *given: Tensor) -> Tensor:
        (made_of,) = given
        if self.of_reference:
            image = normalized(made_of)
            return self._style(Request(self.space, target, reference=image), image)
        return self._style(Request(self.space, target, code=made_of), made_of)

    def _style(self, request: Request, rows: Tensor) -> Tensor:
        """Return the style of a request, one row for each of `rows`."""
        style = entered(rows, self.destination(request)).style
        assert isinstance(style, Tensor)
        return style


def inputs_of(translator: nn.Module, image: Tensor, source: Domain, target: Domain) -> Mapping[str, Tensor]:
    """Return what a translation depends on among the target's label, the source's label and the style: those that receive a
    gradient.

    Args:
        translator: the generator.
        image: images (N, C, H, W).
        source, target: domains of the translation.
    """
    given = {"target": target.label, "source": source.label, "style": target.style}
    leaves = {name: value.detach().clone().requires_grad_() for name, value in given.items() if isinstance(value, Tensor)}
    there = Domain(target.space, leaves.get("target"), leaves.get("style"))
    made = translator(image, Domain(source.space, leaves.get("source")), there)
    if not made.requires_grad:
        return {}
    gradients = torch.autograd.grad(made.sum(), [*leaves.values()], allow_unused=True)
    return {name: leaf.detach() for (name, leaf), gradient in zip(leaves.items(), gradients, strict=True) if gradient is not None}
