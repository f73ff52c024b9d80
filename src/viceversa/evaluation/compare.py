"""Comparing models: all measured on the same images and chains, by the same labeller and features, into one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from viceversa.data.dataset import Dataset
from viceversa.data.fitting import shown
from viceversa.errors import UsageError, printable
from viceversa.evaluation.candidates import of_run
from viceversa.evaluation.chains import DIRECTIONS, PROBES, Candidate, Place, Trial, Way, trial
from viceversa.evaluation.differences import differences
from viceversa.evaluation.evaluate import Assessment, Judge
from viceversa.evaluation.features import EXTRACTOR
from viceversa.evaluation.labeller import Labeller, independent_labeller, questions
from viceversa.evaluation.report import Report, Row, Strip
from viceversa.method import Builder
from viceversa.progress import CONSOLE
from viceversa.recipes import dataset_of
from viceversa.translate import load

SHOWN = 6


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was measured of each model, on what, and by what."""

    task: Trial
    way: Way
    labeller: Labeller | None
    bounds: list[Row]
    assessments: Mapping[str, Assessment]
    strips: list[Strip]

    def report(self, title: str, facts: Mapping[str, str] | None = None, conclusion: str = "") -> Report:
        """The comparison as a report; `facts` come after what it knows itself."""
        rows = [row for assessment in self.assessments.values() for row in assessment.rows]
        dataset = self.task.dataset
        return Report(
            title=title,
            extractor=EXTRACTOR,
            dataset=dataset.name,
            genuine=dataset.genuine,
            rows=[*rows, *self.bounds],
            facts=self._facts() | dict(facts or {}),
            conclusion=conclusion,
            strips=self.strips,
            differences=differences({name: assessment.per_image for name, assessment in self.assessments.items()}),
        )

    def _facts(self) -> dict[str, str]:
        facts = {"data": f"{len(self.task)} test images of {self.task.dataset.name}"}
        if self.labeller:
            edits = self.labeller.accuracy_edits
            on_edits = "" if edits is None else f" and {edits:.3f} on true edits"
            facts["labeller"] = f"an independent classifier; accuracy {self.labeller.accuracy:.3f} on real test images{on_edits}"
        return facts


def compare(
    models: Mapping[str, Candidate],
    dataset: Dataset,
    *,
    cycles: int = 3,
    steps: int = 0,
    probes: bool = False,
    samples: int | None = None,
    split: str = "test",
    quiet: bool = False,
) -> Comparison:
    """Measures models, by their names in the report, on the first `samples` images of a split, all if None.

    cycles: k = 0..cycles. steps: the chain's own images are measured too, after each of so many translations. probes: rec_k
    through links that destroy hidden information, too. Raises UsageError for a number that cannot be had.
    """
    if samples is not None and samples < 2:
        raise UsageError(f"{samples} samples are too few to measure anything: take 2 or more.")
    task, way = trial(dataset, samples, split), Way(cycles, steps, PROBES if probes else ())
    if len(task) < 2:
        raise UsageError(f"{dataset.name} has {len(task)} {split} image of {task.home!r}: too few to measure anything.")
    _check_way(way, task)
    labeller = independent_labeller(dataset, quiet=quiet) if questions(dataset) else None
    judge = Judge(task, labeller, way)
    columns = TextColumn("evaluating {task.description}", markup=False), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=CONSOLE, disable=quiet or not CONSOLE.is_terminal, transient=True) as bar:
        others = steps + len(way.probes) * cycles
        outcomes = 3 + 2 * others + len(models) * (4 * cycles + 2 + others)  # at k = 0 one link
        work = bar.add_task("the bounds", total=len(task) * outcomes)

        def advance(images: int) -> None:
            bar.advance(work, images)

        bounds = judge.bounds(advance)
        assessments: dict[str, Assessment] = {}
        for name, candidate in models.items():
            bar.update(work, description=printable(name))
            assessments[name] = judge.assess(name, candidate, advance)
    return Comparison(task, way, labeller, bounds, assessments, _strips(models, task, way))


def _check_way(way: Way, task: Trial) -> None:
    most = len(task.targets) if task.targets is not None else None
    if way.cycles < 0 or (most is not None and way.cycles > most):
        raise UsageError(f"{way.cycles} cycles cannot be measured: " + (f"0 to {most} can." if most else "0 or more can."))
    if way.steps < 0 or way.steps > (most or 0):
        what = f"0 to {most} can" if most else "steps are of data with labels"
        raise UsageError(f"{way.steps} steps cannot be measured: {what}.")


def evaluate(
    run: str | Path,
    data: str | None = None,
    *,
    cycles: int = 3,
    steps: int = 0,
    probes: bool = False,
    samples: int | None = None,
    build: Builder | None = None,
    quiet: bool = False,
) -> Report:
    """The report of a trained run after 0..cycles repeated translations (docs/methods.md, Evaluation).

    data: what to measure on, the run's own data by default; samples: how many of its test images, all by default;
    build: the function that the run was trained with, for a method of your own. Raises UsageError.
    """
    model = load(run, build=build)
    recipe = model.record.recipe
    dataset = dataset_of(recipe, data, spaces=not model.space.attributes)
    models = {model.name: of_run(model, str(run), dataset)}
    comparison = compare(models, dataset, cycles=cycles, steps=steps, probes=probes, samples=samples, quiet=quiet)
    updates = f"{model.step} steps of batches of {recipe.training.batch}, in {model.record.precision}"
    return comparison.report(f"{model.name} on {dataset.name}", {"training": f"recipe {recipe.name}: {updates}"})


def _strips(models: Mapping[str, Candidate], task: Trial, way: Way) -> list[Strip]:
    """Each model's outputs for the first test images, through 8 bits, beside the source and the true edit."""
    few = task.of(range(min(SHOWN, len(task))))
    places = [Place(direction, number, "8bit") for direction in DIRECTIONS for number in range(way.cycles + 1)]
    truth = few.truth(Place("inv", 0, "8bit"))
    strips = []
    for name, candidate in models.items():
        ((_, made),) = candidate.outputs(few, Way(way.cycles))
        columns = {"source": few.sources} | ({} if truth is None else {"true edit": truth})
        columns |= {f"{place.direction} {place.cycles}": made[place] for place in places if place in made}
        strips.append(Strip(name, tuple(columns), list(zip(*map(shown, columns.values()), strict=True))))
    return strips
