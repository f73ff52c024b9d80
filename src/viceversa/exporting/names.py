"""Names of the files of an export."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from viceversa.core.journey import entered
from viceversa.core.method import Request
from viceversa.inference.model import Model
from viceversa.runs.exported.description import StyleInput

_ODD = re.compile(r"[^\w.-]")
"""Characters of space names that are replaced in file names."""


@dataclass(frozen=True)
class Names:
    """File names of an export.

    Args:
        files: names by target space.
        styles: names of style networks, by what they compute styles from.
    """

    files: Mapping[str, str]
    styles: Mapping[StyleInput, str]

    @property
    def all(self) -> Sequence[str]:
        """All names, translations first."""
        return [*self.files.values(), *self.styles.values()]


def names_of(model: Model, out: Path) -> Names:
    """Return the names of a model's files: `out` itself, or one name for each of several target spaces."""
    spaces = [*model.space.images]
    targets = spaces if model.method.returns else spaces[1:]
    if len(targets) == 1:
        files = {targets[0]: out.name}
    else:
        files = {target: f"{out.stem}-{_ODD.sub('_', target)}.onnx" for target in targets}
    styles: dict[StyleInput, str] = {"code": f"{out.stem}-style.onnx", "reference": f"{out.stem}-reference.onnx"}
    return Names(files, styles if _makes_styles(model, targets[-1]) else {})


def _makes_styles(model: Model, target: str) -> bool:
    """Return whether networks compute styles from codes. Otherwise there are no styles, or a code is used as style."""
    if model.method.latent is None:
        return False
    code, label = model.method.latent.draw(0), torch.zeros(1, model.space.label_width)
    style = entered(code, model.method.destination(Request(target, label, code=code))).style
    return not (isinstance(style, Tensor) and torch.equal(style, code))
