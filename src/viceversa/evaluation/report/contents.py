"""The report of an evaluation: flat rows, a table, and a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from viceversa.evaluation.differences import Difference
from viceversa.files import write_atomically
from viceversa.metrics.rows import TRUSTED, Row, is_label, without_labels
from viceversa.pages.document import framed

if TYPE_CHECKING:
    from viceversa.images.pixels import Pixels


PAGE = "report.html"
"""The page among the files of a report."""
FORMAT = 1
"""Of metrics.json."""


@dataclass(frozen=True, eq=False)
class CaptionedImage:
    """An image (H, W, C) of 8 or 16 bits, and what is said below it, a line each."""

    pixels: Pixels
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Strip:
    """What models make of one image: rows of pictures under captions, each row with a title; None leaves a place empty.

    facts: what is said of the image, a label -> one line of text.
    """

    title: str
    facts: Mapping[str, str]
    captions: Sequence[str]
    rows: Sequence[tuple[str, Sequence[CaptionedImage | None]]]


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """All that an evaluation found.

    title: as in "runs/a on avatars"; extractor: the feature network, "lite0@128"; dataset: with its version, "avatars-32-v1".
    genuine: whether the test pixels are those that the version stands for; if not, the results are not comparable.
    facts: what was measured, on what: a label -> one line of text. conclusion: a sentence. differences: from the first model.
    groups: methods that were trained several times, and the models that these are: rows has both. labeller: its accuracy on real
    held-out images; below `TRUSTED` the label accuracies are in metrics.json only, which says so. verdict: what was found, in words
    for a person. labeled: whether images go between labels, or else between two spaces.
    """

    title: str
    extractor: str
    dataset: str
    genuine: bool
    rows: Sequence[Row]
    facts: Mapping[str, str]
    conclusion: str = ""
    strips: Sequence[Strip] = ()
    differences: Sequence[Difference] = ()
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labeller: float | None = None
    verdict: str = ""
    labeled: bool = True

    @property
    def trusts_labels(self) -> bool:
        """Whether the labeller reads well enough for label accuracies to be shown."""
        return self.labeller is None or self.labeller >= TRUSTED

    @property
    def notes(self) -> list[str]:
        """What a reader has to know before the results, a line each."""
        if self.trusts_labels:
            return []
        return [
            f"label accuracies are not shown: the labeller is right for only {self.labeller:.3f} of the labels of real held-out "
            f"images, and at least {TRUSTED} is needed. metrics.json has them"
        ]

    @property
    def shown(self) -> Sequence[Row]:
        """The rows as they are shown, without label accuracies where the labeller reads too little right."""
        return self.rows if self.trusts_labels else [without_labels(row) for row in self.rows]

    @property
    def shown_differences(self) -> Sequence[Difference]:
        """The differences as they are shown."""
        return [each for each in self.differences if self.trusts_labels or not is_label(each.metric)]

    def __repr__(self) -> str:
        return f"Report({self.title}: {len(self.rows)} rows, {self.subtitle})"

    def _repr_html_(self) -> str:
        """Return the page of the report, as a notebook shows it."""
        from viceversa.evaluation.report.page import report_page

        return framed(report_page(self))

    @property
    def subtitle(self) -> str:
        most = max((row.samples for row in self.rows), default=0)
        return f"{self.dataset}, {most or 'no'} test images, features of {self.extractor}"

    @property
    def warning(self) -> str:
        """Why the results are not comparable; empty where they are."""
        if self.genuine:
            return ""
        return (
            f"not comparable with other results: the test images differ from those that {self.dataset} stands for "
            "(another version of the drawing packages)"
        )

    @property
    def summary(self) -> list[Row]:
        """The rows without those of single trainings of a method that has several."""
        single = {name for members in self.groups.values() for name in members}
        return [row for row in self.shown if row.model not in single]

    def table(self) -> str:
        """The verdict, the rows of the 8-bit chain as plain text, 100 columns wide, the accuracy by attribute for inv, facts, and
        conclusion.

        Of several trainings of a method it has their mean, with their standard deviation below it.
        """
        from viceversa.evaluation.report.table import text

        return text(self)

    def save(self, directory: Path | str) -> None:
        """Writes metrics.json, all rows, and report.html, one file without links. Raises ValueError for a value that is NaN."""
        from viceversa.evaluation.report.page import report_page

        rows = [
            {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(row).items()} for row in self.rows
        ]
        metrics = {"format": FORMAT, "extractor": self.extractor, "dataset": self.dataset, "comparable": self.genuine, "rows": rows}
        metrics["differences"] = [asdict(each) for each in self.differences]
        metrics["groups"] = {name: list(members) for name, members in self.groups.items()}
        if self.labeller is not None:
            metrics["labeller"] = {"accuracy": self.labeller, "trusted": self.trusts_labels}
        metrics["verdict"] = self.verdict
        files = {"metrics.json": json.dumps(metrics, indent=2, allow_nan=False) + "\n", PAGE: report_page(self)}
        for name, content in files.items():
            write_atomically(Path(directory) / name, content.encode())
