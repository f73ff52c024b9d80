"""Tables and pictures of pages of docs/results, from the stored results and runs.

python -m experiments.generators page                    tables, some seconds
python -m experiments.generators page --runs DIR         pictures of test images 0 to 7 too, by the runs of seed 0; minutes
python -m experiments.generators page --runs DIR --photos DIR     those of photographs, too
python -m experiments.generators page --runs DIR --blind DIR      the same pictures with their rows shuffled, for a reader to judge
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
import torch

import viceversa as vv
from experiments.common import DOCS, fill_page, read_json, show, table, write_json
from experiments.digits.classifier import of
from experiments.generators.arms import ARMS, TASKS
from experiments.generators.cost import COSTS, steps_of
from experiments.generators.floor import FLOOR, baselines
from experiments.generators.judges import by_labels_of_glasses
from experiments.generators.measures import by_model
from experiments.generators.operations import RESULT
from experiments.generators.train import RESULTS
from experiments.icons.baselines import drawn
from experiments.photos.colors import moved, statistics
from experiments.photos.shown import smaller
from experiments.photos.train import SHOWN as PHOTOS_SHOWN
from experiments.photos.train import opened, translated
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.data.joined_spaces import sources
from viceversa.data.sets.icons import WEIGHTS
from viceversa.data.sources import open_dataset
from viceversa.images.fitting import shown
from viceversa.images.pictures import grid, save_png
from viceversa.images.pixels import Pixels

SHOWN, MANY = 8, 20
"""The first test images of a task are shown, whatever they are; if there are more rows of them, they are not enlarged."""
PHOTO = 112
"""Long side of a shown photograph, in pixels."""
PAGES = {
    "generators.md": ("glasses", "hair", "beard", "skin"),
    "sketches.md": ("sketches",),
    "photos.md": ("photos",),
    "digits.md": ("digits",),
    "icons.md": ("bold", "fill", "weights"),
    "methods.md": ("one-edit",),
}
"""Page -> the tasks whose tables it has."""
Strips = Mapping[str, Sequence[Pixels]]
"""Title -> the images of a row."""
Column = tuple[str, str, int]
"""Title, measure, digits."""
TRUTH: Sequence[Column] = (
    ("PSNR", "psnr", 1), ("SSIM", "ssim", 3), ("back: PSNR", "return_psnr", 1), ("own domain: PSNR", "same_psnr", 1),
    ("changed", "changed", 3), ("kept", "kept", 3), ("kernel", "kernel_vgg16", 3), ("perceptual", "perceptual_vgg16", 3),
    ("grid", "grid", 1),
)  # fmt: skip
COLORING: Sequence[Column] = (
    ("areas even and filled", "areas_even_and_filled", 3), ("areas even", "areas_even", 3), ("lines kept", "lines_kept", 3),
    ("colors of all", "histogram_of_all", 3), ("kernel", "kernel_vgg16", 3), ("PSNR", "psnr", 1), ("grid", "grid", 1),
    ("back: PSNR", "return_psnr", 1),
)  # fmt: skip
PAINTINGS: Sequence[Column] = (
    ("PSNR", "psnr", 2), ("SSIM", "ssim", 3), ("perceptual", "perceptual_vgg16", 3), ("grid", "grid", 1),
)  # fmt: skip
READING: Sequence[Column] = (
    ("accuracy", "accuracy", 3), ("untouched", "floor_accuracy", 3), ("real", "ceiling_accuracy", 3),
    ("back: accuracy", "returned_accuracy", 3), ("kernel, share of untouched", "kernel_ratio", 2),
)  # fmt: skip
COLUMNS: Mapping[str, Sequence[Column]] = {"truth": TRUTH, "photos": PAINTINGS, "digits": READING}


@dataclass(frozen=True)
class Page:
    """Where the runs are, for the pictures."""

    runs: Path | None = None
    tasks: tuple[str, ...] = ()
    """tasks whose pictures are drawn; all if none is given"""
    photos: Path | None = None
    """folder of experiments/photos' crops of 128 px, for the picture of photographs"""
    blind: Path | None = None
    """folder for pictures without names, and for key.json, which has the names; the pages stay as they are"""


def main(asked: Page) -> None:
    """Fill the pages; draw their pictures if the runs are given."""
    if asked.blind:
        draw_blind(asked, asked.blind)
        return
    for name, tasks in PAGES.items():
        page = DOCS / "results" / name
        if asked.runs:
            for task in tasks:
                if not asked.tasks or task in asked.tasks:
                    picture(task, asked.runs, asked.photos)
        if page.exists():
            text = page.read_text("utf-8")
            filled = {task: tables(task) for task in tasks if f"<!-- {task} -->" in text}
            fill_page(page, filled | ({"step costs": costs()} if "<!-- step costs -->" in text else {}))
            show(RESULTS, page)


def found(task: str) -> dict[str, list[dict[str, Any]]]:
    """Arm -> its rows, one for each seed that is there."""
    rows = {
        name: [read_json(path) for path in sorted(RESULTS.glob(f"{name}-[0-9].json"))]
        for name, arm in ARMS.items()
        if arm.task == task
    }
    return {name: seeds for name, seeds in rows.items() if seeds}


def tables(task: str) -> str:
    """The tables of a task, one for each direction if there are several."""
    floor = read_json(FLOOR)["baselines"].get(task, {}) if FLOOR.exists() else {}
    rows, judge = found(task), TASKS[task].judge
    match judge:
        case "sketches":
            return _table(COLORING, floor, {name: [row["found"] for row in seeds] for name, seeds in rows.items()})
        case "labels":
            return of_weights(floor, rows)
    parts = []
    for way in ways_of(rows, floor):
        known = {name: [row["found"][way] for row in seeds if way in row["found"]] for name, seeds in rows.items()}
        own = {name: facts[way] for name, facts in floor.items() if way in facts}
        parts.append(f"**{way}**\n\n" + _table(COLUMNS[judge], own, {name: seeds for name, seeds in known.items() if seeds}))
    return "\n\n".join(parts)


def costs() -> str:
    """Operations of CycleGAN's step by generator and by discriminator, and seconds of the arms on glasses."""
    counted, timed = read_json(RESULT), read_json(COSTS)["arms"]
    parts = [
        table([kind, "10⁹ operations"], [[name, f"{number:.1f}"] for name, number in counted[kind].items()])
        for kind in ("generators, 32 wide", "discriminators")
    ]
    seconds = [
        [name, f"{facts['seconds']:.3f}", f"{facts['steps']:,}"] for name, facts in timed.items() if name.startswith("glasses")
    ]
    return "\n\n".join([*parts, table(["arm", "seconds of a step", "steps in 300 seconds"], seconds)])


def ways_of(rows: Mapping[str, Any], floor: Mapping[str, Any]) -> list[str]:
    """Directions that any row has, in order."""
    every = [row["found"] for seeds in rows.values() for row in seeds] + list(floor.values())
    return list(dict.fromkeys(way for each in every for way, facts in each.items() if isinstance(facts, dict) and way != "styles"))


def _table(columns: Sequence[Column], floor: Mapping[str, Any], rows: Mapping[str, list[dict[str, Any]]]) -> str:
    every = [*floor.values(), *(row for seeds in rows.values() for row in seeds)]
    used = [column for column in columns if any(column[1] in each for each in every)]
    lines = [[f"*{name}*", "-", "-", *(value([facts], column) for column in used)] for name, facts in floor.items()]
    for name, seeds in rows.items():
        cells = [value(seeds, column, spread=column == used[0]) for column in used]
        lines.append([f"`{title(name)}`", f"{steps_of(name):,}", str(len(seeds)), *cells])
    return table(["", "steps", "seeds", *(column[0] for column in used)], lines)


def value(seeds: Sequence[Mapping[str, Any]], column: Column, *, spread: bool = True) -> str:
    """The mean of a measure over seeds, and its range if there are several. spread: whether the range is shown."""
    _, name, digits = column
    numbers = [float(each[name]) for each in seeds if each.get(name) is not None]
    if not numbers:
        return "-"
    ends = f" ({min(numbers):.{digits}f} to {max(numbers):.{digits}f})" if spread and len(numbers) > 1 else ""
    return f"{np.mean(numbers):.{digits}f}{ends}"


def of_weights(floor: Mapping[str, Any], rows: Mapping[str, list[dict[str, Any]]]) -> str:
    """Mean PSNR over groups of changes of weight, and along the two walks."""
    every = {f"*{name}*": [facts] for name, facts in floor.items()}
    every |= {f"`{name.removeprefix('weights-')}`": [row["found"] for row in seeds] for name, seeds in rows.items()}
    strokes = [f"{a} to {b}" for a in WEIGHTS[:4] for b in WEIGHTS[:4] if a != b]
    groups = {
        "between strokes": strokes,
        "to fill": [f"{a} to fill" for a in WEIGHTS[:4]],
        "from fill": [f"fill to {a}" for a in WEIGHTS[:4]],
    }
    lines = []
    for name, seeds in every.items():
        means = [[float(np.mean([facts[way]["psnr"] for way in ways])) for facts in seeds] for ways in groups.values()]
        walks = [[facts[walk][-1] for facts in seeds] for walk in ("walk of strokes", "walk through fill")]
        same = [facts["same"]["psnr"] for facts in seeds]
        cells = [value([{"psnr": each} for each in group], ("", "psnr", 1)) for group in (*means, same, *walks)]
        lines.append([name, *cells])
    titles = ["PSNR, dB", *groups, "same weight", "end of a walk of strokes", "end of a walk through fill"]
    return table(titles, lines)


def draw_blind(asked: Page, folder: Path) -> None:
    """Draw each task's picture without the names of its rows, and write them into key.json."""
    if asked.runs is None:
        raise SystemExit("--blind needs the runs: give --runs DIR, too")
    key = {}
    for task in asked.tasks or tuple(task for tasks in PAGES.values() for task in tasks):
        strips, key[task] = blinded(strips_of(task, asked.runs, asked.photos), task)
        if strips:
            save_strips(strips, task, folder)
    write_json(folder / "key.json", key)


def blinded(strips: Strips, task: str) -> tuple[Strips, dict[str, str]]:
    """Shuffle the rows that answer one source, the ground truth among them, and name them by letters. Also return the names."""
    groups: list[list[str]] = [[]]
    for name in strips:
        groups[-1].append(name)
        if name.startswith("true "):
            groups.append([])
    shuffled: dict[str, Sequence[Pixels]] = {}
    key: dict[str, str] = {}
    for number, group in enumerate(filter(None, groups), 1):
        answers = [name for name in group if "," in name or name.startswith("true ")]
        shuffled |= {name: strips[name] for name in group if name not in answers}
        for letter, place in zip(
            ascii_uppercase, torch.randperm(len(answers), generator=seeded("blind", task, number)).tolist(), strict=False
        ):
            key[f"{number}{letter}"] = answers[place]
            shuffled[f"{number}{letter}"] = strips[answers[place]]
    return shuffled, key


def picture(task: str, runs: Path, photos: Path | None) -> None:
    """Draw the first test images, baselines, each arm's translations by seed 0, and the ground truth if there is one."""
    if strips := strips_of(task, runs, photos):
        save_strips(strips, task, RESULTS)


def save_strips(strips: Strips, task: str, folder: Path) -> None:
    """Write a picture with the strips as its rows, enlarged if they are few; photographs stay as they are."""
    scale = 1 if len(strips) > MANY or TASKS[task].judge == "photos" else None
    rows = [list(map(shown, each)) for each in strips.values()]
    save_png(grid(rows, [""] * len(rows[0]), list(strips), scale), folder / f"{task}.png")


def strips_of(task: str, runs: Path, photos: Path | None) -> Strips:
    """The rows of a task's picture; none if there is no run of it, or no photograph."""
    models = {
        name: vv.load(runs / f"{name}-0", checkpoint="last", build=None if isinstance(arm.recipe, str) else arm.recipe)
        for name, arm in ARMS.items()
        if arm.task == task and (RESULTS / f"{name}-0.json").exists() and (runs / f"{name}-0" / "recipe.json").exists()
    }
    if not models:
        return {}
    match TASKS[task].judge:
        case "labels":
            return weights_strips(models)
        case "digits":
            return digits_strips(models)
        case "photos":
            return photos_strips(models, photos) if photos else {}
        case _:
            return strips_with_truth(task, models)


def strips_with_truth(task: str, models: Mapping[str, vv.Model]) -> Strips:
    """Between two spaces whose truth is known: source, baselines, arms, and truth, both ways."""
    dataset = open_dataset(TASKS[task].data, TASKS[task].size, takes="spaces")
    first, second = dataset.space.pair
    strips: dict[str, Sequence[Pixels]] = {}
    for here, there in ((first, second), (second, first)):
        source = np.asarray(dataset.splits["test"][here].pixels[:SHOWN])
        assert dataset.truth is not None
        strips[here] = list(source)
        known = {} if TASKS[task].judge == "sketches" else baselines(TASKS[task].data)
        strips |= {f"{name}, to {there}": list(by(source, here, there)) for name, by in known.items() if name != "nothing"}
        for name, model in models.items():
            if model.method.returns or here == first:
                translate = by_labels_of_glasses(model) if model.space.attributes else by_model(model)
                strips[f"{title(name)}, to {there}"] = list(translate(source, here, there))
        strips[f"true {there}"] = list(dataset.truth("test", here, np.arange(len(source)), there, None))
    return strips


def digits_strips(models: Mapping[str, vv.Model]) -> Strips:
    """The first test digits of either set, and as each arm makes them in the other set."""
    labeled = sources(next(iter(models.values())).record.recipe.data, open_dataset)
    strips: dict[str, Sequence[Pixels]] = {}
    for here, there in permutations(labeled):
        pixels = np.asarray(of(labeled[here], "test").pixels[:SHOWN])
        strips[here] = list(pixels)
        strips |= {f"{title(name)}, to {there}": list(by_model(model)(pixels, here, there)) for name, model in models.items()}
    return strips


def photos_strips(models: Mapping[str, vv.Model], folder: Path) -> Strips:
    """The whole test photographs that may be shown, made smaller: photograph, arms, painting, and the way back."""
    dataset = open_dataset(str(folder), 128, takes="spaces")
    known = [statistics(np.asarray(dataset.splits["train"][space].pixels)) for space in dataset.space.pair]
    pairs = [[opened(folder / "whole" / f"{number}-{kind}.png") for kind in ("photo", "painting")] for number in PHOTOS_SHOWN]
    strips: dict[str, Sequence[Pixels]] = {}
    for here, there, names in ((0, 1, ("photograph", "painting")), (1, 0, ("painting again", "photograph again"))):
        start = [pair[here] for pair in pairs]
        strips[names[0]] = start
        strips[f"color transfer, to {names[1]}"] = [moved(each[None], known[here], known[there])[0] for each in start]
        for name, model in models.items():
            made = translated(model, [each[None] for each in start], here, there, full_size=True)
            strips[f"{title(name)}, to {names[1]}"] = [each[0] for each in made]
        strips[f"true {names[1]}"] = [pair[there] for pair in pairs]
    return {name: [smaller(each, PHOTO) for each in row] for name, row in strips.items()}


def title(arm: str) -> str:
    """The name of an arm without its task."""
    return arm.removeprefix(ARMS[arm].task + "-")


def weights_strips(models: Mapping[str, vv.Model]) -> Strips:
    """Light icons, and each weight as each arm makes it and as it is."""
    icons = drawn("test", 64)[:SHOWN]
    label, strips = torch.eye(len(WEIGHTS)), dict[str, Sequence[Pixels]]({"light": list(icons[:, 1])})
    for target, weight in enumerate(WEIGHTS):
        if weight != "light":
            for name, model in models.items():
                ends = [Domain("icons", label[[each] * SHOWN]) for each in (1, target)]
                strips[f"{title(name)}, {weight}"] = list(model.translate_pixels(icons[:, 1], *ends))
            strips[f"true {weight}"] = list(icons[:, target])
    return strips
