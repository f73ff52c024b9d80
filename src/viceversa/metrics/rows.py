"""Rows of an evaluation's report, and the measures that are its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

BOUNDS = ("floor", "ceiling", "real")
UNDEFINED = "\N{EN DASH}"
_BY_LABELS = {
    "inv_k": "the image after k translations to random targets, then translated to the opposite label: yes for no, 0.75 for 0.25; "
    "the opposite of a value such as a hair color is drawn at random",
    "rec_k": "the image after k translations to random targets, then translated back to its own label",
    "changed, kept": "label accuracy over attributes that the last translation had to change, or to keep",
}
_BETWEEN_SETS = {
    "inv_k": "the image after k round trips, then translated to the other space",
    "rec_k": "the image after k round trips, back in its own space; k = 0: translated once, to its own space",
    "changed, kept": "share of outputs that the labeller assigns to the target space: the other one, or the image's own",
}
_ALWAYS = {
    "kernel, Fréchet": "distance between the features of outputs and of real images; 0: no difference; the kernel distance is an "
    "estimate and can fall below 0",
    "floor": "the input itself, without any translation",
    "ceiling": "the best that can be: the ground truth for inv, where it is known, and the source for rec",
    "real": "other real images, as many as the outputs: their distance is due to chance alone",
}
_DETAILS = {
    "kernel to target": "the kernel distance to the ground truth where it is known, in place of other real images",
    "success rate": "share of images on which the labeller reads every attribute as asked after each of the first k translations",
    "bit accuracy": "label accuracy counted by columns of the label, as the discriminator's own is",
}
TRUSTED = 0.9
"""Accuracy of a labeller on real held-out images below which label accuracies are not shown."""
OFFICIAL = "inception-v3-compat"
_OFFICIAL_NAMES = {
    "kernel distance": "KID", "Kernel distance": "KID", "kernel": "KID", "Fréchet distance": "FID", "Fréchet": "FID",
    "perceptual distance": "LPIPS", "Perceptual distance": "LPIPS", "perceptual": "LPIPS",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """Measures of one model in one direction, after a number of cycles through one kind of chain; None if undefined.

    Args:
        frechet_target, kernel_target: distance to the ground truth, or else to real images with the requested labels.
        l1_outside: L1 to the source where the ground truth changes nothing.
        frechet_diagonal, own_accuracy_bits: measures of the multicyclic author.
        intervals: name of a measure -> 95 % bootstrap interval of its mean over images.
        known: number of images with ground truth, over which measures against it are means; None: all images, or none.
        success_rate: share of images whose attributes were all as requested after each step so far; for steps only.
        seeds: number of trainings whose mean the row is.
        spread: name of a measure -> standard deviation over these trainings.
    """

    model: str
    direction: str
    cycles: int
    chain: str
    samples: int
    label_accuracy: float | None
    label_accuracy_bits: float | None
    accuracy_by_attribute: Mapping[str, float | None]
    changed_accuracy: float | None
    kept_accuracy: float | None
    frechet: float | None
    kernel: float | None
    kernel_std: float | None
    perceptual_to_source: float | None
    l1_to_source: float | None
    psnr_to_truth: float | None
    ssim_to_truth: float | None
    frechet_target: float | None = None
    kernel_target: float | None = None
    frechet_diagonal: float | None = None
    l1_outside: float | None = None
    own_accuracy_bits: float | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    seeds: int = 1
    spread: Mapping[str, float] = field(default_factory=dict)
    known: int | None = None
    success_rate: float | None = None

    def value(self, measure: str) -> float | None:
        """Return the measure of that name; "accuracy NAME" is the accuracy of an attribute."""
        found: float | None = vars(self).get(measure)
        return self.accuracy_by_attribute.get(measure.removeprefix("accuracy ")) if measure not in vars(self) else found

    @property
    def title(self) -> str:
        """Name of the model, and the number of trainings whose mean it is."""
        return f"{self.model} ({self.seeds} seeds)" if self.seeds > 1 else self.model


@dataclass(frozen=True)
class Column:
    """A measure as a column of text: times `factor`, rounded to `digits`. detail: show it on the page only."""

    title: str
    measure: str
    digits: int
    better: Literal["higher", "lower", "neither"]
    factor: float = 1
    detail: bool = False

    def text(self, row: Row) -> str:
        value = row.value(self.measure)
        return UNDEFINED if value is None else rounded(value * self.factor, self.digits)

    def spread(self, row: Row) -> str:
        """Return such as "±0.013"; "" for a single training."""
        return f"±{row.spread[self.measure] * self.factor:.{self.digits}f}" if self.measure in row.spread else ""


def rounded(value: float, digits: int) -> str:
    """Return a number with this many decimals, or fewer if it would have more than five digits."""
    before = len(f"{abs(value):.0f}")
    return f"{value:z.{max(0, min(digits, 5 - before))}f}"


COLUMNS = (
    Column("label accuracy", "label_accuracy", 3, "higher"),
    Column("bit accuracy", "label_accuracy_bits", 3, "higher", detail=True),
    Column("changed", "changed_accuracy", 3, "higher"),
    Column("kept", "kept_accuracy", 3, "higher"),
    Column("success rate", "success_rate", 3, "higher", detail=True),
    Column("kernel x1000", "kernel", 2, "lower", factor=1000),
    Column("kernel deviation x1000", "kernel_std", 2, "neither", factor=1000, detail=True),
    Column("Fréchet", "frechet", 2, "lower"),
    Column("perceptual to source", "perceptual_to_source", 3, "neither"),
    Column("L1 to source", "l1_to_source", 2, "neither"),
    Column("PSNR to truth", "psnr_to_truth", 1, "higher"),
    Column("SSIM to truth", "ssim_to_truth", 3, "higher"),
    Column("L1 outside the edit", "l1_outside", 2, "lower", detail=True),
    Column("kernel to target x1000", "kernel_target", 2, "lower", factor=1000, detail=True),
    Column("Fréchet to target", "frechet_target", 2, "lower", detail=True),
    Column("diagonal Fréchet", "frechet_diagonal", 2, "lower", detail=True),
    Column("bit accuracy by its own discriminator", "own_accuracy_bits", 3, "higher", detail=True),
)
"""Measures of a row over all attributes. L1 is in levels of 0 to 255, PSNR in dB; the others have no unit.

A model that changes nothing is nearest to the source, so for inv neither a larger nor a smaller distance to the source is better.
"""

LABELS = ("label_accuracy", "label_accuracy_bits", "changed_accuracy", "kept_accuracy", "success_rate")
"""Measures by the labeller, in addition to the accuracy of each attribute."""


def without_labels(row: Row) -> Row:
    """Return the row without label accuracies, for a labeller that is not accurate enough."""
    kept = {name: value for name, value in row.intervals.items() if not is_label(name)}
    spread = {name: value for name, value in row.spread.items() if not is_label(name)}
    return replace(
        row, label_accuracy=None, label_accuracy_bits=None, changed_accuracy=None, kept_accuracy=None, success_rate=None,
        accuracy_by_attribute={}, intervals=kept, spread=spread,
    )  # fmt: skip


def is_label(measure: str) -> bool:
    """Return whether the measure depends on the labeller."""
    return measure in LABELS or measure.startswith("accuracy ")


def meaning(labeled: bool, *, details: bool = False) -> dict[str, str]:
    """Return the meaning of the rows and columns of a report, in words.

    Args:
        labeled: whether images are translated between labels, not between two spaces.
        details: include the columns that only the page shows.
    """
    return (_BY_LABELS if labeled else _BETWEEN_SETS) | _ALWAYS | (_DETAILS if labeled and details else {})


def attribute_columns(rows: Sequence[Row]) -> list[Column]:
    """Return a column with the accuracy of each attribute that any row has."""
    names = dict.fromkeys(name for row in rows for name in row.accuracy_by_attribute)
    return defined([Column(name, f"accuracy {name}", 3, "higher") for name in names], rows)


def defined(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """Return the columns that have a value in any row."""
    return [column for column in columns if any(row.value(column.measure) is not None for row in rows)]


def by_model(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of each model by number of cycles; models in their order, bounds last."""
    names = sorted(dict.fromkeys(row.model for row in rows), key=lambda name: name in BOUNDS)  # stable
    return {name: sorted((row for row in rows if row.model == name), key=lambda row: row.cycles) for name in names}


def called(text: str, extractor: str) -> str:
    """Return the text with the official names of the distances if the extractor is official: FID, KID and LPIPS."""
    for ours, official in _OFFICIAL_NAMES.items() if extractor == OFFICIAL else ():
        text = text.replace(ours, official)
    return text
