"""Comparison of models: all are measured on the same images and chains, with the same labeller and features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from viceversa.core.routing import routing_of
from viceversa.data.dataset import Dataset
from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.evaluation.differences import differences
from viceversa.evaluation.examples import strips
from viceversa.evaluation.judge import Assessment, Judge
from viceversa.evaluation.report.contents import Report, Strip
from viceversa.evaluation.seeds import check_groups, contenders, pooled
from viceversa.evaluation.trainings import Trained, contrasted
from viceversa.evaluation.verdict import Facts, verdict
from viceversa.metrics.chain_protocol import PROBES, Candidate, Place, Trial, Way, trial
from viceversa.metrics.clock import Clock
from viceversa.metrics.extractors import extractor_named
from viceversa.metrics.features import Extractor, lite0
from viceversa.metrics.labeller import Labeller
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.metrics.rows import Row, is_label
from viceversa.progress import Bar


@dataclass(frozen=True, eq=False)
class Comparison:
    """Measurements of several models on one trial.

    Args:
        groups: name of a method that was trained several times -> names of its models.
        trainings: name of a model that is a run -> its settings in training.
    """

    task: Trial
    way: Way
    labeller: Labeller | None
    bounds: list[Row]
    assessments: Mapping[str, Assessment]
    strips: list[Strip]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    extractor: Extractor = field(default_factory=lite0)
    clock: Clock = field(default_factory=Clock)
    trainings: Mapping[str, Trained] = field(default_factory=dict)

    def report(self, title: str, facts: Mapping[str, str] | None = None, conclusion: str = "") -> Report:
        """Return the comparison as a report. `facts` are listed after the comparison's own facts."""
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
            labeller=None if self.labeller is None else self.labeller.accuracy,
            verdict=self.verdict(),
            labeled=self.task.labeled,
        )

    def verdict(self) -> str:
        """Return the result in words."""
        methods = contenders(self.assessments, self.groups)
        facts = Facts(
            self.bounds, self.task.away, self.task.labeled, len(self.task), self.way.cycles,
            self.labeller.accuracy if self.labeller else None, contrasted(self.trainings),
            [name for name, members in methods.items() if not any(member in self.trainings for member in members)],
        )  # fmt: skip
        return verdict({name: self.pooled(name) for name in methods}, facts)

    def pooled(self, method: str) -> Assessment:
        """Return the assessment of a method: the mean of its trainings, or the assessment of the model with this name."""
        if method not in self.groups:
            return self.assessments[method]
        return pooled(method, [self.assessments[name] for name in self.groups[method]])

    def _facts(self) -> dict[str, str]:
        facts = {"data": f"{len(self.task)} test images of {self.task.dataset.name}"}
        edit = Place("inv", 0, "8bit")
        if 0 < (known := int(self.task.known(edit).sum())) < len(self.task):
            facts["ground truth"] = f"known for {known} of the images; PSNR, SSIM and L1 outside the edit are means over these"
        if self.labeller:
            edits = self.labeller.accuracy_edits
            on_edits = "" if edits is None else f" and {edits:.3f} on ground-truth edits"
            facts["labeller"] = f"an independent classifier; accuracy {self.labeller.accuracy:.3f} on real test images{on_edits}"
        if different := contrasted(self.trainings):
            facts["trained differently"] = different
        return facts | {"time": self.clock.in_words()}


def comparison_of(
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
    device: torch.device = CPU,
) -> Comparison:
    """Measure models on the same images and chains.

    Args:
        models: name in the report -> model.
        cycles: measure k = 0..cycles.
        steps: also measure every image of a chain of this many translations.
        probes: also measure rec_k through links that destroy hidden information.
        samples: number of images, the first ones of the split; all if None.
        groups: name of a method -> names of its models, which are several trainings of it.
        features: "lite0", or "inception" for FID, KID and LPIPS.
        device: device of the labeller and of the feature networks.

    Raises:
        UsageError: a number is out of range, or a model does not fit the data.
    """
    clock, methods = Clock(), dict(groups or {})
    check_groups(methods, models)
    way = Way(cycles, steps, PROBES if probes else ())
    task = measurable(dataset, samples, way, split)
    for candidate in models.values():
        candidate.outputs(task, way)  # checks a folder of answers at once; other candidates make nothing yet
    extractor = extractor_named(features, device)
    with clock.part("training the labeller"):
        labeller = independent_labeller(dataset, device=device, quiet=quiet) if routing_of(dataset.space).question else None
    judge = Judge(task, labeller, way, extractor, clock)
    bounds, assessments = _measured(judge, models, quiet)
    trainings = {name: candidate.training for name, candidate in models.items() if candidate.training}
    found = Comparison(task, way, labeller, bounds, assessments, [], methods, extractor, clock, trainings)
    with clock.part("pictures"):
        return replace(found, strips=_strips(_trusted(found), models))


def _trusted(found: Comparison) -> Comparison:
    """Return the comparison without label accuracies if the labeller is not accurate enough."""
    if found.labeller is None or found.labeller.trusted:
        return found

    def without(assessment: Assessment) -> Assessment:
        places = assessment.per_image.items()
        kept = {place: {name: values for name, values in each.items() if not is_label(name)} for place, each in places}
        return replace(assessment, per_image=kept)

    return replace(found, assessments={name: without(each) for name, each in found.assessments.items()})


def _measured(judge: Judge, models: Mapping[str, Candidate], quiet: bool) -> tuple[list[Row], dict[str, Assessment]]:
    """Measure the bounds and each model."""
    way, done = judge.way, 0
    others = way.steps + len(way.probes) * way.cycles
    outcomes = 3 + 2 * others + len(models) * (4 * way.cycles + 2 + others)  # at k = 0 one link
    with Bar("evaluating the bounds", len(judge.task) * outcomes, quiet=quiet) as bar:

        def advance(images: int) -> None:
            nonlocal done
            done += images
            bar.show(done)

        bounds = judge.bounds(advance)
        assessments: dict[str, Assessment] = {}
        for name, candidate in models.items():
            bar.show(done, title=f"evaluating {name}")
            assessments[name] = judge.assess(name, candidate, advance)
    return bounds, assessments


def measurable(dataset: Dataset, samples: int | None, way: Way, split: str = "test") -> Trial:
    """Return the trial. Raises UsageError for fewer than two images, or for chains longer than the data set's."""
    if samples is not None and samples < 2:
        raise UsageError(f"{samples} samples are too few to measure anything: take 2 or more.")
    task = trial(dataset, samples, split)
    if len(task) < 2:
        raise UsageError(f"{dataset.name} has {len(task)} {split} image of {task.home!r}: too few to measure anything.")
    most = len(task.targets) if task.targets is not None else None
    if way.cycles < 0 or (most is not None and way.cycles > most):
        raise UsageError(f"{way.cycles} cycles cannot be measured: " + (f"0 to {most} can." if most else "0 or more can."))
    if way.steps < 0 or way.steps > (most or 0):
        what = f"0 to {most} can" if most else "steps need data with labels"
        raise UsageError(f"{way.steps} steps cannot be measured: {what}.")
    return task


def _strips(found: Comparison, models: Mapping[str, Candidate]) -> list[Strip]:
    """Return example images with the translations of each method's first training. The first method decides which are shown."""
    shown = {}
    for name, (first, *more) in contenders(found.assessments, found.groups).items():
        shown[f"{name} (here {first})" if more else first] = models[first], found.assessments[first]
    base = next(iter(contenders(found.assessments, found.groups)), None)
    return [] if base is None else strips(found.task, found.way, shown, base, found.pooled(base))
