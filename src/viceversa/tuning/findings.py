"""Results of a search so far: a table of all trials, the best ones in words, importances of settings, and a figure."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viceversa.files import write_atomically
from viceversa.training.run import updated
from viceversa.tuning.axes import DERIVED, EXTRA, Axes
from viceversa.tuning.figure import figure
from viceversa.tuning.goal import Goal
from viceversa.tuning.study import Studio, is_own

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial
    from rich.table import Table

BEST = 5
FEWEST = 8
"""Number of finished trials below which no importances are computed."""
QUANTILE = 0.25


@dataclass(frozen=True, eq=False, repr=False)
class Findings:
    """Trials of a study at this moment, and their summary."""

    studio: Studio
    axes: Axes
    objective: Goal

    @property
    def trials(self) -> list[FrozenTrial]:
        """The trials that have begun, by number."""
        return [trial for trial in self.studio.study.get_trials(deepcopy=False) if "settings" in trial.user_attrs]

    @property
    def best(self) -> list[FrozenTrial]:
        """The trials that were trained to their end, best first."""
        ended = [trial for trial in self.trials if self.state(trial) == "done"]
        return sorted(ended, key=lambda trial: trial.value or 0.0, reverse=self.objective.better == "maximize")

    @property
    def names(self) -> list[str]:
        """The settings that were searched, and the weights that some of them make."""
        searched = [axis.name for axis in self.axes.axes]
        return [*searched, EXTRA] if any(name in DERIVED for name in searched) else searched

    @property
    def files(self) -> tuple[Path, Path]:
        """The table and the figure."""
        return self.studio.folder / "trials.csv", self.studio.folder / "tuning.png"

    def state(self, trial: FrozenTrial) -> str:
        """Return the state of a trial: done, given up, diverged, failed or running."""
        words = {"COMPLETE": "done", "PRUNED": "given up", "FAIL": "failed"}
        return "diverged" if trial.user_attrs.get("diverged") else words.get(trial.state.name, "running")

    def values(self, trial: FrozenTrial) -> dict[str, Any]:
        """Return a trial's values on the axes, and the weights that these make."""
        recipe = updated(self.axes.recipe, trial.user_attrs["settings"])
        values = self.axes.values_of(recipe)
        return values | ({EXTRA: recipe.multicycle.extra} if EXTRA in self.names else {})

    def importances(self) -> dict[str, float]:
        """Return how much each axis decides whether a trial is among the best quarter, with sum 1; {} for too few trials.

        Computed by PED-ANOVA (arXiv 2304.10255) from the trials that were trained to their end.
        """
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        if len(self.best) < FEWEST:
            return {}
        found = get_param_importances(self.studio.study, evaluator=PedAnovaImportanceEvaluator(target_quantile=QUANTILE))
        return {name: value for name, value in found.items() if math.isfinite(value)}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Rows of trials.csv: number, state, objective (if the trial is done), steps, seconds, settings, checks."""
        checks = sorted({check for trial in self.trials for check in trial.intermediate_values})
        return [
            {
                "trial": trial.number,
                "state": self.state(trial),
                self.objective.name: _number(trial.value if self.state(trial) == "done" else None, 6),
                "steps": trial.user_attrs["steps"],
                "seconds": trial.user_attrs.get("seconds"),
                **{name: _text(values.get(name, ""), 6) for name in self.names},
                **{f"check {check}": _number(trial.intermediate_values.get(check), 6) for check in checks},
            }
            for trial in self.trials
            for values in [self.values(trial)]
        ]

    def save(self, directory: Path | str) -> None:
        """Write trials.csv and tuning.png to a folder; the search's own folder has them already."""
        for name, content in (("trials.csv", self._csv()), ("tuning.png", self._picture())):
            write_atomically(Path(directory) / name, content)

    def write_table(self) -> None:
        """Write trials.csv, with one line per trial."""
        write_atomically(self.files[0], self._csv())

    def write_picture(self) -> None:
        """Write tuning.png: the trials in order, and by each setting that was searched."""
        write_atomically(self.files[1], self._picture())

    def _csv(self) -> bytes:
        text, rows = io.StringIO(), self.rows
        table = csv.DictWriter(text, rows[0] if rows else ["trial"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        return text.getvalue().encode()

    def _picture(self) -> bytes:
        points = [(trial, self.values(trial), self.state(trial)) for trial in self.trials]
        return figure(points, self.axes, self.objective, self.importances())

    def __repr__(self) -> str:
        return f"Findings({len(self.trials)} trials of {self.axes.recipe.name}, {self.objective.name}, {self.studio.folder})"

    def line(self, number: int, trials: int) -> str:
        """Return a trial in one line.

        Args:
            number: number of the trial.
            trials: number of trials in all.
        """
        trial = next(trial for trial in self.trials if trial.number == number)
        state = "" if self.state(trial) == "done" else f", {self.state(trial)}"
        last = _number(trial.intermediate_values.get(max(trial.intermediate_values, default=0)), 4) or "no"
        values = ", ".join(f"{name} {_text(value, 4)}" for name, value in self.values(trial).items() if name != EXTRA)
        what = f"the recipe without changes: {values}" if is_own(trial) else values
        head = f"{number + 1} of {trials}: trial {number}, {self.objective.name} {last}{state}"
        return f"{head}; {trial.user_attrs.get('seconds', 0):.0f} s; {what}"

    def table(self) -> str:
        """Return the best trials, the unchanged recipe, and the importances of settings, as text."""
        from rich.console import Console

        text = io.StringIO()
        plain = Console(file=text, width=120, color_system=None, force_jupyter=False, legacy_windows=False, highlight=False)
        counts = Counter(map(self.state, self.trials))
        plain.print(f"{len(self.trials)} trials: {', '.join(f'{count} {state}' for state, count in counts.items())}")
        higher = "higher" if self.objective.better == "maximize" else "lower"
        plain.print(f"{self.objective.name} on validation images, {higher} is better; trial `own` is the recipe without changes\n")
        plain.print(self._best())
        if found := self.importances():
            shares = ", ".join(f"{name} {100 * value:.0f} %" for name, value in found.items())
            plain.print(f"\nhow much each setting decides whether a trial is among the best quarter: {shares}", soft_wrap=True)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())

    def _best(self) -> Table:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        shown = [trial for trial in self.trials if trial in self.best[:BEST] or is_own(trial)]
        shown = [*self.best[:BEST], *(trial for trial in shown if trial not in self.best[:BEST])]
        short = Counter(name.rpartition(".")[2] for name in self.names)
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for title in ("trial", self.objective.metric, "steps", "seconds"):
            table.add_column(title, justify="right")
        for name in self.names:
            last = name.rpartition(".")[2]
            table.add_column(last if short[last] == 1 else name, justify="right")
        for trial in shown:
            values, about = self.values(trial), trial.user_attrs
            value = _number(trial.value, 4) if self.state(trial) == "done" else self.state(trial)
            head = [f"{'own, ' if is_own(trial) else ''}{trial.number}", value, str(about["steps"])]
            table.add_row(*head, f"{about.get('seconds', 0):.0f}", *(_text(values.get(name, ""), 4) for name in self.names))
        return table


def _text(value: Any, digits: int) -> str:
    """Return a setting's value as a user writes it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "none"
        case float():
            return f"{value:.{digits}g}"
        case tuple() | list():
            return " ".join(_text(each, digits) for each in value) or "none"
        case _:
            return str(value)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}g}"
