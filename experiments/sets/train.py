"""Two labeled sets in one training: does an attribute that only one set labels cross over to the people of the other?

python -m experiments.sets          about half an hour on two cores; writes results/sets.json and results/sets.png

An interrupted training goes on with the same command. The sets are `avatars` (hair, glasses, beard) and `toons` (mood), drawn in
two styles. StarGAN is trained on both sets, and on each alone with as many generator updates. Measured on test images, in 8 bits:

* the mood of people of avatars, sent to a mood that only toons have, with the mask of toons and with the wrong mask;
* what else of these people is kept;
* the edits of each set's own attributes, trained jointly and alone.

A classifier trained on real drawings of both styles in all three moods reads the moods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.common import DOCS, show, trained, use_cpu, write_result
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.avatars import SPLITS, avatars, labels_of, options_of
from viceversa.data.sets.drawing import drawn
from viceversa.data.sets.toons import MOOD, toons
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pictures import Cell, grid, save_png
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.metrics.labeller import Labeller
from viceversa.metrics.labeller_training import independent_labeller

RESULTS, PAGE = Path(__file__).parent / "results", DOCS / "results" / "sets.md"
SIZE, ATTRIBUTES = 32, ("hair", "glasses", "beard", "mood")
MOUTHS = ("serious", "smile", "screamOpen")
"""Mouths of avataaars for calm, laughing and amazed."""
READ_TRAIN, READ_TEST = 1500, 500
"""Numbers of people of avatars, in each mood, that the reader is trained and tested on."""
_SEED = 0


@dataclass(frozen=True)
class Sets:
    """How the three translators are trained, and where the results go."""

    runs: Path = Path("runs/sets")
    threads: int = 2
    steps: int = 3000
    images: int = 500
    """number of test images of each set"""
    results: Path = RESULTS


def main(asked: Sets) -> None:
    """Train the translators, or resume their training; then measure them."""
    use_cpu(asked.threads)
    trainings = {
        "joint": ("faces=avatars,toons=toons", ATTRIBUTES), "faces": ("avatars", ATTRIBUTES[:3]), "toons": ("toons", ()),
    }  # fmt: skip
    models = {name: translator(name, data, attributes, asked) for name, (data, attributes) in trainings.items()}
    reader = mood_reader()
    found = {
        "steps": asked.steps,
        "images": asked.images,
        "reader_on_avatars": reader_accuracy(reader),
        "reader_on_toons": reader.accuracy,
    }
    found |= crossing(models, reader, asked.images) | own_edits(models, reader, asked.images)
    write_result(asked.results / "sets.json", found)
    save_png(picture(models["joint"]), asked.results / "sets.png")
    if asked.results == RESULTS:
        show(RESULTS, PAGE)
    print((asked.results / "sets.json").read_text())


def translator(name: str, data: str, attributes: Sequence[str], asked: Sets) -> Model:
    """StarGAN, trained on that data."""
    named: dict[str, Any] = {"settings": {"attributes": tuple(attributes)}} if attributes else {}
    return trained("stargan", asked.runs / name, data=data, size=SIZE, steps=asked.steps, **named)


def mood_reader() -> Labeller:
    """A classifier of moods, trained on both styles: its data set has avatars whose mouths show a mood."""
    own, faces = toons(SIZE), {split: _moody(split) for split in ("train", "validation", "test")}
    splits = {
        split: {"images": _both(own.splits[split]["toons"], faces[split])} for split in own.splits
    }  # fmt: skip
    dataset = Dataset(f"moods-of-both-{SIZE}-v1", Space({"images": ImageSpec(3, SIZE, SIZE)}, (MOOD,)), splits)
    return independent_labeller(dataset)


def _moody(split: str) -> Images:
    """Images of people of avatars, each with the three mouths."""
    count = {"train": READ_TRAIN, "validation": 200, "test": READ_TEST}[split]
    persons = SPLITS[split][-count:]
    labels = labels_of(persons)
    pixels = [
        drawn("avataaars", {**options_of(person, label), "mouthVariant": mouth}, SIZE)
        for person, label in zip(persons, labels, strict=True)
        for mouth in MOUTHS
    ]
    return Images(
        np.stack(pixels), torch.eye(3).repeat(count, 1), tuple(f"{person}-{mouth}" for person in persons for mouth in MOUTHS)
    )


def _both(one: Images, other: Images) -> Images:
    assert one.labels is not None and other.labels is not None
    pixels = np.concatenate([one.pixels, other.pixels])
    return Images(pixels, torch.cat([one.labels, other.labels]), (*one.ids, *other.ids))


def reader_accuracy(reader: Labeller) -> float:
    """Accuracy of the reader on real drawings of avatars in all moods."""
    test = _moody("test")
    assert test.labels is not None
    return reader.space.agrees(reader.read(test.pixels), test.labels).float().mean().item()


def crossing(models: Mapping[str, Model], reader: Labeller, count: int) -> dict[str, float]:
    """Measure people of avatars that are sent to a mood, which only toons have as a label."""
    space, faces = models["joint"].space, avatars(SIZE).splits["test"]["avatars"]
    sources, asked = faces.pixels[:count], MOOD.draw(count, seeded("moods", _SEED))
    widened = space.widened(asked, "toons")
    here = Domain("faces", torch.zeros(count, space.label_width))
    made = {
        "crossed": models["joint"].translate_pixels(sources, here, Domain("toons", widened)),
        "wrong_mask": models["joint"].translate_pixels(sources, here, Domain("faces", widened)),
        "toons_alone": models["toons"].translate_pixels(sources, Domain("toons", asked), Domain("toons", asked)),
        "no_edit": sources,
    }
    found = {}
    for name, pixels in made.items():
        found[f"{name}_mood"] = reader.space.agrees(reader.read(pixels), asked).float().mean().item()
        found[f"{name}_kept"] = kept(pixels, count)
        found[f"{name}_l1"] = float(np.abs(pixels.astype(float) - sources).mean())
    return found


def kept(pixels: Pixels, count: int) -> float:
    """Share of hair, glasses, beard and tone that the classifier of avatars still reads right."""
    reader, labels = independent_labeller(avatars(SIZE)), avatars(SIZE).splits["test"]["avatars"].labels
    assert labels is not None
    right = reader.space.agrees(reader.read(pixels), labels[:count])
    return right[:, [0, 1, 2, 4]].float().mean().item()


def own_edits(models: Mapping[str, Model], reader: Labeller, count: int) -> dict[str, float]:
    """Share of attributes that had to change and did, for edits of each set's own attributes, trained jointly and alone."""
    found = {}
    for name, dataset, attributes in (("faces", avatars(SIZE), ATTRIBUTES[:3]), ("toons", toons(SIZE), ("mood",))):
        part, images = models["joint"].space.part(name), dataset.splits["test"][dataset.space.only]
        assert images.labels is not None
        label = dataset.space.columns_of(images.labels, attributes)[:count]
        goal = part.draw(count, seeded("own", name))
        changed = ~part.agrees(label, goal)
        for way, model in (("joint", models["joint"]), ("alone", models[name])):
            wanted = model.space.widened(goal, name) if model.space.known else goal
            there = Domain(name if model.space.known else model.space.only, wanted)
            made = model.translate_pixels(images.pixels[:count], replace(there, label=torch.zeros_like(wanted)), there)
            read = (
                reader.read(made)
                if name == "toons"
                else dataset.space.columns_of(independent_labeller(dataset).read(made), attributes)
            )
            found[f"{name}_{way}_changed"] = part.agrees(read, goal)[changed].float().mean().item()
    return found


def picture(model: Model) -> Any:
    """Picture of people of both sets: unedited, in each mood, and with hair, glasses and beard, labels of avatars alone."""
    moods = [("toons", f"mood={choice}") for choice in MOOD.choices]
    looks = [("faces", "hair=blond,glasses=yes,beard=no"), ("faces", "hair=black,glasses=no,beard=yes")]
    rows: list[list[Cell]] = []
    for dataset in (avatars(SIZE), toons(SIZE)):
        pixels = dataset.splits["test"][dataset.space.only].pixels[:4]
        for one in pixels:
            image = normalized(torch.tensor(one[None]))
            here = Domain("faces", torch.zeros(1, model.space.label_width))
            made = [quantized(model.translate_images(image, here, model.space.wanted(text)))[0] for _, text in (*moods, *looks)]
            rows.append([one, *made])
    return grid(rows, ["source", *(text.removeprefix("mood=") for _, text in moods), "blond, glasses", "black, beard"])
