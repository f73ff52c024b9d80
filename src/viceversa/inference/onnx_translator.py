"""Exported ONNX files as the networks of a model: translator, styles, and labeller."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.method import Request
from viceversa.errors import UsageError
from viceversa.images.normalizing import normalized, quantized
from viceversa.inference.receptive_field import ReceptiveField
from viceversa.runs.exported.description import Description, described
from viceversa.runs.exported.session import in_one_line, opened


@dataclass(frozen=True)
class Graph:
    """An exported file, opened at its first use. Raises UsageError if it cannot be opened."""

    path: Path

    @cached_property
    def session(self) -> Any:
        return opened(self.path)

    @cached_property
    def description(self) -> Description:
        """Description in the file's metadata."""
        return described(self.path)

    def run(self, output: str, given: Mapping[str, Tensor | None]) -> Tensor:
        """Return one output. given: values by names of inputs; the graph receives those that it has."""
        taken = {each.name for each in self.session.get_inputs()}
        arrays = {name: value.detach().cpu().numpy() for name, value in given.items() if name in taken and value is not None}
        with in_one_line(self.path):
            return torch.from_numpy(self.session.run([output], arrays)[0])


class OnnxTranslator(nn.Module):
    """Translator from exported files, one for each target space. They run on the CPU with images of 8 bits.

    digest: SHA-256 of the files, in place of a digest of weights.
    """

    def __init__(self, graphs: Mapping[str, Graph]) -> None:
        super().__init__()
        self.graphs = graphs
        digests = [hashlib.sha256(graph.path.read_bytes()).digest() for graph in graphs.values() if graph.path.is_file()]
        self.digest = nn.Parameter(torch.tensor(list(b"".join(digests)), dtype=torch.uint8), requires_grad=False)

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        """Translate images (N, C, H, W) in [-1, 1] to the target space; the result is rounded to 8 bits. Raises UsageError."""
        style = target.style
        assert not callable(style)
        labels = {"target": target.label, "source": source.label, "style": style}
        rows = {name: None if value is None else value.float().expand(len(image), -1) for name, value in labels.items()}
        made = self.graphs[target.space].run("translated", {"images": torch.from_numpy(quantized(image)), **rows})
        return normalized(made).to(image.device)

    def receptive_field(self, target: str) -> ReceptiveField:
        """Return the sizes that the file for a target space accepts. Images are not tiled, as the receptive field is unknown.

        Raises UsageError for a file that accepts one size only, or changes sizes.
        """
        name, description = self.graphs[target].path.name, self.graphs[target].description
        before, after = (description.record.space.images[space] for space in (description.source, description.target))
        resized = "leave out `full_size`, and viceversa resizes the images"
        if description.multiple is None:
            raise UsageError(f"{name} takes only images of {before.width}x{before.height} pixels: {resized}.")
        if before.shape[1:] != after.shape[1:]:
            sizes = f"from {before.width}x{before.height} to {after.width}x{after.height} pixels"
            raise UsageError(f"{name} changes the size of images, as {sizes}: {resized}.")
        return ReceptiveField(description.multiple, (), description.weight)


class OnnxReader(nn.Module):
    """Labeller inside a file: images (N, C, H, W) in [-1, 1] -> logits (N, width)."""

    def __init__(self, graph: Graph, width: int) -> None:
        super().__init__()
        self.graph, self.width = graph, width

    def forward(self, images: Tensor) -> Tensor:
        nothing = torch.zeros(len(images), self.width)
        return self.graph.run("logits", {"images": torch.from_numpy(quantized(images)), "target": nothing, "source": nothing})


def destination_of(description: Description, styles: Mapping[str, Graph]) -> Callable[[Request], Domain]:
    """Return the destinations of an exported method: the request's space and label, in the style of its reference image or code.

    styles: the files that make styles of a "code" and of a "reference"; without them, a code is a style.
    """
    latent = description.latent

    def destination(request: Request) -> Domain:
        wanted = Domain(request.space or description.target, request.label)
        if latent is None:
            return wanted
        code = latent.draw(request.seed) if request.code is None else request.code

        def style(image: Tensor) -> Tensor:
            count = len(image)
            target = None if request.label is None else request.label.expand(count, -1)
            if request.reference is not None and "reference" in styles:
                pixels = torch.from_numpy(quantized(request.reference.expand(count, -1, -1, -1)))
                return styles["reference"].run("style", {"images": pixels, "target": target}).to(image)
            rows = code.expand(count, -1)
            return (styles["code"].run("style", {"code": rows, "target": target}) if "code" in styles else rows).to(image)

        return replace(wanted, style=style)

    return destination
