"""Comparing models: all measured on the same images and chains, by the same labeller and features, into one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from viceversa.data.dataset import Dataset
from viceversa.errors import UsageError, printable
from viceversa.evaluation.candidates import of_run
from viceversa.evaluation.chains import PROBES, Candidate, Trial, Way, trial
from viceversa.evaluation.clock import Clock
from viceversa.evaluation.differences import differences
from viceversa.evaluation.evaluate import Assessment, Judge
from viceversa.evaluation.features import LITE0, Extractor, extractor_named
from viceversa.evaluation.groups import check_groups, contenders, pooled
from viceversa.evaluation.labeller import Labeller, independent_labeller, questions
from viceversa.evaluation.people import strips
from viceversa.evaluation.report import Report, Strip
from viceversa.evaluation.rows import Row
from viceversa.evaluation.trainings import Training, contrasted
from viceversa.evaluation.verdict import Facts, verdict
from viceversa.method import Builder
from viceversa.progress import CONSOLE
from viceversa.recipes import dataset_of
from viceversa.training.selection import Checkpoint
from viceversa.translate import load


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was measured of each model, on what, and by what. groups: methods trained several times, and their models.

    trainings: what each run among the models was trained with.
    """

    task: Trial
    way: Way
    labeller: Labeller | None
    bounds: list[Row]
    assessments: Mapping[str, Assessment]
    strips: list[Strip]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    extractor: Extractor = LITE0
    clock: Clock = field(default_factory=Clock)
    trainings: Mapping[str, Training] = field(default_factory=dict)

    def report(self, title: str, facts: Mapping[str, str] | None = None, conclusion: str = "") -> Report:
        """The comparison as a report; `facts` come after what it knows itself."""
        methods = contenders(self.assessments, self.groups)
        per_image = {name: assessment.per_image for name, assessment in self.assessments.items()}
        means = [row for name in methods if name in self.groups for row in self.pooled(name).rows]
        dataset = self.task.dataset
        return Report(
            title=title,
            extractor=self.extractor.name,
            dataset=dataset.name,
            genuine=dataset.genuine,
            rows=[*means, *(row for assessment in self.assessments.values() for row in assessment.rows), *self.bounds],
            facts=self._facts() | dict(facts or {}),
            conclusion=conclusion,
            strips=self.strips,
            differences=differences(per_image, methods),
            groups=self.groups,
            verdict=self.verdict(),
            labeled=self.task.labels is not None,
        )

    def verdict(self) -> str:
        """What was found, in words for a person."""
        facts = Facts(
            self.bounds, self.task.away, self.task.labels is not None, len(self.task), self.way.cycles,
            self.labeller.accuracy if self.labeller else None, contrasted(self.trainings),
        )  # fmt: skip
        return verdict({name: self.pooled(name) for name in contenders(self.assessments, self.groups)}, facts)

    def pooled(self, method: str) -> Assessment:
        """A method's assessment: the mean of its trainings, or that of the model with this name."""
        if method not in self.groups:
            return self.assessments[method]
        return pooled(method, [self.assessments[name] for name in self.groups[method]])

    def _facts(self) -> dict[str, str]:
        facts = {"data": f"{len(self.task)} test images of {self.task.dataset.name}"}
        if self.labeller:
            edits = self.labeller.accuracy_edits
            on_edits = "" if edits is None else f" and {edits:.3f} on true edits"
            facts["labeller"] = f"an independent classifier; accuracy {self.labeller.accuracy:.3f} on real test images{on_edits}"
        if different := contrasted(self.trainings):
            facts["trained differently"] = different
        return facts | {"time": self.clock.in_words()}


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
    groups: Mapping[str, Sequence[str]] | None = None,
    features: str = "lite0",
) -> Comparison:
    """Measures models, by their names in the report, on the first `samples` images of a split, all if None.

    cycles: k = 0..cycles. steps: the chain's own images are measured too, after each of so many translations. probes: rec_k
    through links that destroy hidden information, too. groups: several trainings of one method as one: its name -> names of its
    models. features: "lite0", or "inception" for FID, KID and LPIPS. Raises UsageError for a number that cannot be had.
    """
    clock, methods = Clock(), dict(groups or {})
    check_groups(methods, models)
    way = Way(cycles, steps, PROBES if probes else ())
    task = measurable(dataset, samples, way, split)
    for candidate in models.values():
        candidate.outputs(task, way)  # what is wrong with a folder of answers is said at once; of others nothing is made yet
    extractor = extractor_named(features)
    with clock.part("training the labeller"):
        labeller = independent_labeller(dataset, quiet=quiet) if questions(dataset) else None
    judge = Judge(task, labeller, way, extractor, clock)
    bounds, assessments = _measured(judge, models, quiet)
    trainings = {name: candidate.training for name, candidate in models.items() if candidate.training}
    found = Comparison(task, way, labeller, bounds, assessments, [], methods, extractor, clock, trainings)
    with clock.part("pictures"):
        return replace(found, strips=_strips(found, models))


def _measured(judge: Judge, models: Mapping[str, Candidate], quiet: bool) -> tuple[list[Row], dict[str, Assessment]]:
    """The bounds, and each model."""
    way, columns = judge.way, (TextColumn("evaluating {task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=CONSOLE, disable=quiet or not CONSOLE.is_terminal, transient=True
    ) as bar:
        others = way.steps + len(way.probes) * way.cycles
        outcomes = 3 + 2 * others + len(models) * (4 * way.cycles + 2 + others)  # at k = 0 one link
        work = bar.add_task("the bounds", total=len(judge.task) * outcomes)

        def advance(images: int) -> None:
            bar.advance(work, images)

        bounds = judge.bounds(advance)
        assessments: dict[str, Assessment] = {}
        for name, candidate in models.items():
            bar.update(work, description=printable(name))
            assessments[name] = judge.assess(name, candidate, advance)
    return bounds, assessments


def measurable(dataset: Dataset, samples: int | None, way: Way, split: str = "test") -> Trial:
    """The trial. Raises UsageError for fewer than two images, and for a way that is longer than the data set's chains."""
    if samples is not None and samples < 2:
        raise UsageError(f"{samples} samples are too few to measure anything: take 2 or more.")
    task = trial(dataset, samples, split)
    if len(task) < 2:
        raise UsageError(f"{dataset.name} has {len(task)} {split} image of {task.home!r}: too few to measure anything.")
    most = len(task.targets) if task.targets is not None else None
    if way.cycles < 0 or (most is not None and way.cycles > most):
        raise UsageError(f"{way.cycles} cycles cannot be measured: " + (f"0 to {most} can." if most else "0 or more can."))
    if way.steps < 0 or way.steps > (most or 0):
        what = f"0 to {most} can" if most else "steps are of data with labels"
        raise UsageError(f"{way.steps} steps cannot be measured: {what}.")
    return task


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
    features: str = "lite0",
    checkpoint: Checkpoint = "best",
) -> Report:
    """The report of a trained run after 0..cycles repeated translations (docs/methods.md, Evaluation).

    data: what to measure on, the run's own data by default; samples: how many of its test images, all by default;
    build: the function that the run was trained with, for a method of your own; checkpoint: the run's "best", or its "last".
    Raises UsageError.
    """
    model = load(run, build=build, checkpoint=checkpoint)
    recipe = model.record.recipe
    dataset = dataset_of(recipe, data, trained=model.space)
    models = {model.name: of_run(model, str(run), dataset)}
    comparison = compare(
        models, dataset, cycles=cycles, steps=steps, probes=probes, samples=samples, quiet=quiet, features=features
    )
    updates = f"{model.step} steps of batches of {recipe.training.batch}, in {model.record.precision}"
    return comparison.report(f"{model.name} on {dataset.name}", {"training": f"recipe {recipe.name}: {updates}"})


def _strips(found: Comparison, models: Mapping[str, Candidate]) -> list[Strip]:
    """Some people as each method translates them, which is shown by its first training; chosen by the first method."""
    shown = {}
    for name, (first, *more) in contenders(found.assessments, found.groups).items():
        shown[f"{name} (here {first})" if more else first] = models[first], found.assessments[first]
    base = next(iter(contenders(found.assessments, found.groups)), None)
    return [] if base is None else strips(found.task, found.way, shown, base, found.pooled(base))
