"""Report of an evaluation: its contents, and methods to show and save them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from viceversa.evaluation.differences import Difference
from viceversa.files import write_atomically
from viceversa.metrics.rows import TRUSTED, Row, is_label, without_labels
from viceversa.pages.document import NOTEBOOK_LINES, framed

if TYPE_CHECKING:
    from viceversa.images.pixels import Pixels


PAGE = "report.html"
"""File name of the page."""
FORMAT = 1
"""Version of the format of metrics.json."""


@dataclass(frozen=True, eq=False)
class CaptionedImage:
    """An image (H, W, C) of 8 or 16 bits, and the lines of text below it."""

    pixels: Pixels
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Strip:
    """Outputs of models for one image: titled rows of pictures under captions; None leaves a place empty.

    facts: label -> one line of text on the image.
    """

    title: str
    facts: Mapping[str, str]
    captions: Sequence[str]
    rows: Sequence[tuple[str, Sequence[CaptionedImage | None]]]


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """Results of an evaluation. A notebook shows them as a page.

    Args:
        title: such as "runs/a on avatars".
        extractor: feature network, such as "lite0@128".
        dataset: data set with its version, such as "avatars-32-v1".
        genuine: whether the test pixels are those of this version; if not, the results are not comparable.
        facts: label -> one line of text on what was measured.
        conclusion: a sentence.
        differences: differences from the first model.
        groups: name of a method that was trained several times -> names of its models. `rows` has both.
        labeller: accuracy of the labeller on real held-out images. Below `TRUSTED`, label accuracies are only in metrics.json, with
            a remark.
        verdict: results in words.
        labeled: whether images are translated between labels, not between two spaces.
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
        """Whether the labeller is accurate enough to show label accuracies."""
        return self.labeller is None or self.labeller >= TRUSTED

    @property
    def notes(self) -> list[str]:
        """Remarks that a reader must know before the results, one line each."""
        if self.trusts_labels:
            return []
        return [
            f"label accuracies are not shown: the labeller is right for only {self.labeller:.3f} of the labels of real held-out "
            f"images, and at least {TRUSTED} is needed. metrics.json has them"
        ]

    @property
    def shown(self) -> Sequence[Row]:
        """The rows, without label accuracies if the labeller is not accurate enough."""
        return self.rows if self.trusts_labels else [without_labels(row) for row in self.rows]

    @property
    def shown_differences(self) -> Sequence[Difference]:
        """The differences, without label accuracies if the labeller is not accurate enough."""
        return [each for each in self.differences if self.trusts_labels or not is_label(each.metric)]

    def __repr__(self) -> str:
        return f"Report({self.title}: {len(self.rows)} rows, {self.subtitle})"

    def _repr_html_(self) -> str:
        """Return the page of the report, as a notebook shows it."""
        from viceversa.evaluation.report.page import report_page

        return framed(report_page(self), NOTEBOOK_LINES)

    @property
    def subtitle(self) -> str:
        most = max((row.samples for row in self.rows), default=0)
        return f"{self.dataset}, {most or 'no'} test images, features of {self.extractor}"

    @property
    def warning(self) -> str:
        """Reason why the results are not comparable; "" if they are."""
        if self.genuine:
            return ""
        return (
            f"not comparable with other results: the test images differ from those that {self.dataset} stands for "
            "(another version of the drawing packages)"
        )

    @property
    def summary(self) -> list[Row]:
        """The rows, without single trainings of methods with several."""
        single = {name for members in self.groups.values() for name in members}
        return [row for row in self.shown if row.model not in single]

    def table(self) -> str:
        """Return the verdict, rows of the 8-bit chain, accuracies by attribute for inv, facts and conclusion, 100 columns wide.

        For several trainings of a method, the table shows their mean, with their standard deviation below.
        """
        from viceversa.evaluation.report.table import text

        return text(self)

    def save(self, directory: Path | str) -> None:
        """Write metrics.json with all rows, and report.html, one file without links. Raises ValueError for a value that is NaN."""
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
