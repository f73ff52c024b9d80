"""The report of a drift measurement: numbers, a table, a page, and rows for a model card."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from viceversa.errors import UsageError, quoted, unknown
from viceversa.evaluation.report.contents import Strip
from viceversa.files import write_atomically
from viceversa.metrics.bootstrap import LEVEL, RESAMPLES
from viceversa.multiturn.curves import GOALS, Curves, Difference, goal_of
from viceversa.multiturn.measures import NAMED, RATES, Measure
from viceversa.multiturn.measuring import Reference
from viceversa.pages.document import NOTEBOOK_LINES, framed

PAGE, NUMBERS, CARD, VALUES = "drift.html", "drift.json", "model-index.yaml", "values.jsonl"
"""Files of a report: the page, the numbers, rows for a model card, and the values of each chain."""
FORMAT = 1
"""Version of drift.json."""


@dataclass(frozen=True, eq=False, repr=False)
class DriftReport:
    """Results of a drift measurement.

    Args:
        editors: curves of each editor; the first one is compared with the others.
        measures: the measures taken.
        differences: differences of each other editor from the first one.
        verdict: the findings in sentences, one line each.
        strips: pictures of the median, best and worst chain.
        facts: what was measured, and how.
    """

    editors: Sequence[Curves]
    measures: Sequence[Measure]
    differences: Sequence[Difference]
    verdict: str
    strips: Sequence[Strip]
    facts: Mapping[str, str]

    def __repr__(self) -> str:
        return f"DriftReport({', '.join(f'{each.name}: {len(each.chains)} chains' for each in self.editors)})"

    def _repr_html_(self) -> str:
        """Return the page of the report, as a notebook shows it."""
        from viceversa.multiturn.page import drift_page

        return framed(drift_page(self), NOTEBOOK_LINES)

    @property
    def goal(self) -> Reference:
        """Reference for the images: the ground truth if all editors are compared with it, otherwise the source."""
        return goal_of(self.editors)

    @property
    def title(self) -> str:
        return f"Drift of {', '.join(each.name for each in self.editors)}"

    @property
    def problems(self) -> list[str]:
        """Everything that could not be used, one line each, after the name of its editor."""
        return [
            f"{editor.name}: {line}"
            for editor in self.editors
            for line in (*editor.problems, *(line for chain in editor.chains for line in chain.problems))
        ]

    def table(self) -> str:
        """Return the verdict, what could not be used, and the drift of each editor after each turn, as plain text."""
        from viceversa.multiturn.table import text

        return text(self)

    def value(self, editor: Curves, measure: str, turn: int | None = None) -> float | None:
        """Return one number: the mean over chains after a turn; None if it is undefined.

        Args:
            editor: an editor of the report.
            measure: name of a distance to the goal, or to the source if the goal has none (measures by region); `success_rate` or
                `collapse_rate`.
            turn: the turn; by default the editor's last.
        """
        at = editor.last if turn is None else turn
        if measure in RATES:
            found = editor.rates(measure).get(at)  # type: ignore[arg-type]  # a name of a rate
        else:
            found = editor.mean(self.goal, measure, at) or editor.mean("source", measure, at)  # type: ignore[arg-type]
        return None if found is None else found.mean

    def above(self, limits: Sequence[str]) -> list[str]:
        """Return a line for each editor that exceeds a limit.

        Args:
            limits: MEASURE=VALUE or MEASURE@TURN=VALUE for measures that are better when lower, such as "l1=12" or
                "collapse_rate@5=.1".

        Raises:
            UsageError: If a limit has another form, its measure is better when higher, or its measure was not taken.
        """
        lines = []
        for limit, measure, turn, most in map(parsed_limit, limits):
            for editor in self.editors:
                value = self.value(editor, measure, turn)
                if value is None:
                    where = "the last turn" if turn is None else f"turn {turn}"
                    raise UsageError(f"the limit {limit}: {editor.name} has no {measure} after {where}.")
                if value > most:
                    lines.append(f"{editor.name}: {measure} is {value:.4g}, above {most:g}.")
        return lines

    def model_index(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the means after the last turn as `model-index` of a model card, with an entry for each editor."""
        return [{"name": name or editor.name, "results": [self._result(editor)]} for editor in self.editors]

    def _result(self, editor: Curves) -> dict[str, Any]:
        """Return an editor's result in the form of Hugging Face's model cards."""
        metrics = []
        for measure in (*self.measures, *RATES):
            if (value := self.value(editor, measure)) is not None:
                to = "" if measure in RATES else f" to the {GOALS[self.goal]}"
                metrics.append({"type": measure, "value": round(value, 4), "name": f"{measure}{to} after {editor.last} turns"})
        data = {"type": "image-folder", "name": (editor.facts or {}).get("data", "own images")}
        return {"task": {"type": "image-to-image"}, "dataset": data, "metrics": metrics}

    def numbers(self) -> dict[str, Any]:
        """Return all numbers, as drift.json has them."""
        return {
            "format": FORMAT,
            "verdict": self.verdict.splitlines(),
            "facts": dict(self.facts),
            "compared_with": self.goal,
            "interval": f"{LEVEL:.0%} percentile bootstrap over chains, {RESAMPLES} resamples",
            "editors": [self._of_editor(editor) for editor in self.editors],
            "differences": [asdict(each) for each in self.differences],
            "problems": self.problems,
            "model-index": self.model_index(),
        }

    def save(self, folder: Path | str) -> None:
        """Write drift.html, drift.json and model-index.yaml. Raises OSError."""
        from viceversa.multiturn.page import drift_page

        files = {
            NUMBERS: json.dumps(self.numbers(), indent=1, allow_nan=False) + "\n",
            CARD: json.dumps({"model-index": self.model_index()}, indent=2, allow_nan=False) + "\n",  # JSON is YAML
            PAGE: drift_page(self),
        }
        for name, content in files.items():
            write_atomically(Path(folder) / name, content.encode(errors="backslashreplace"))

    def _of_editor(self, editor: Curves) -> dict[str, Any]:
        return {
            "name": editor.name,
            "facts": dict(editor.facts or {}),
            "chains": len(editor.chains),
            "turns": editor.last,
            "resized_chains": editor.resized,
            "distance_of_two_sources": editor.stranger,
            "rows": [*self._rows(editor)],
            "first_step": {each: asdict(found) for each in self.measures if (found := editor.mean(self.goal, each, 1)) is not None},
            "slope_per_turn": {
                each: asdict(found) for each in self.measures if (found := editor.slope(self.goal, each)) is not None
            },
        }

    def _rows(self, editor: Curves) -> Iterator[dict[str, Any]]:
        """Yield one row for each reference and turn, and one for each turn with the rates."""
        for turn in editor.numbers:
            for reference in editor.references:
                found = {each: editor.mean(reference, each, turn) for each in self.measures}
                values: dict[str, Any] = {each: asdict(value) for each, value in found.items() if value is not None}
                if values:
                    yield {"turn": turn, "to": reference} | values
            for rate in RATES:
                if turn in editor.rates(rate):
                    yield {"turn": turn, "rate": rate, **asdict(editor.rates(rate)[turn])}


def parsed_limit(limit: str) -> tuple[str, str, int | None, float]:
    """Return the text of a limit, its measure, turn (None: the last) and value. Raises UsageError, see DriftReport.above."""
    found = re.fullmatch(r"([a-z0-9_]+)(?:@(\d+))?=(.+)", limit)
    if not found:
        raise UsageError(f"the limit {quoted(limit)} is not of the form MEASURE=VALUE or MEASURE@TURN=VALUE, as in l1=12.")
    measure, turn, value = found.groups()
    lower = [name for name, meaning in NAMED.items() if meaning.lower]
    if measure in NAMED and measure not in lower:
        raise UsageError(f"the limit {quoted(limit)}: higher values of {measure} are better; take one of {', '.join(lower)}.")
    if measure not in lower:
        raise unknown("measure", measure, lower)
    try:
        most = float(value)
    except ValueError:
        most = float("nan")
    if turn == "0":
        raise UsageError(f"the limit {quoted(limit)}: turn 0 is the source; give a turn from 1.")
    if not np.isfinite(most):
        raise UsageError(f"the limit {quoted(limit)}: {quoted(value)} is not a finite number.")
    return limit, measure, None if turn is None else int(turn), most
