"""Outputs along chains: which labels and spaces a translator is asked for, in which order, through which links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from viceversa.core.attributes import Binary, OneOf
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.chain_labels import draw_chains
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import LINKS, PROBES, Place, TranslateImages, Trial, Way, linked, outputs, trial

RGB, GRAY = ImageSpec(3, 8, 8), ImageSpec(1, 6, 6)
FACES = Space({"faces": RGB}, (OneOf("hair", ("black", "blond")), Binary("glasses")))


def noise(count: int, spec: ImageSpec = RGB) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, spec.height, spec.width, spec.channels), np.uint8)


def faces(count: int = 5) -> Dataset:
    labels = FACES.draw(count, torch.Generator().manual_seed(0))
    return Dataset("toy", FACES, {"test": {"faces": Images(noise(count), labels, tuple(map(str, range(count))))}})


def between(home: ImageSpec, away: ImageSpec, pixels: Pixels | None = None) -> Trial:
    """Images of `home`, noise unless given, to be sent to `away`."""
    first = noise(3, home) if pixels is None else pixels
    splits = {"test": {"home": Images(first, None, ("a",) * len(first)), "away": Images(noise(3, away), None, ("b",) * 3)}}
    return trial(Dataset("toy", Space({"home": home, "away": away}), splits))


def numbered(pixels: Pixels, steps: int = 3) -> Trial:
    """A trial whose labels say what they are: 0 the source's, -1 the inverted, 1, 2, ... the targets in turn."""
    ones = torch.ones(len(pixels), 3)
    targets = torch.stack([ones * number for number in range(1, steps + 1)])
    return Trial(faces(), "faces", "faces", pixels, np.arange(len(pixels)), ones * 0, -ones, targets)


def identity(image: Tensor, source: Domain, target: Domain) -> Tensor:
    return image


def nudge(image: Tensor, source: Domain, target: Domain) -> Tensor:
    """Adds .35 of a level."""
    return image + 0.35 / 127.5


class Recording:
    """The identity, which notes where it is asked to go from and to: a label's number, or a space."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, object]] = []

    def __call__(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        self.calls.append((self._where(source), self._where(target)))
        return image

    def _where(self, domain: Domain) -> object:
        return domain.space if domain.label is None else int(domain.label.unique())


def made(translate: TranslateImages, task: Trial, cycles: int, batch: int = 100, **way: Any) -> dict[Place, Pixels]:
    """All outputs, the batches joined."""
    parts = [places for _, places in outputs(translate, task, Way(cycles, **way), batch)]
    return {place: np.concatenate([part[place] for part in parts]) for place in parts[0]}


def levels(found: dict[Place, Pixels], link: str) -> Iterator[tuple[str, int, list[int]]]:
    """(direction, cycles, the levels in all images) of one link's outputs."""
    return ((place.direction, place.cycles, np.unique(pixels).tolist()) for place, pixels in found.items() if place.link == link)


@pytest.mark.parametrize("task", [trial(faces()), between(RGB, RGB)], ids=["labels", "spaces"])
def test_doing_nothing_gives_the_sources(task: Trial) -> None:
    found = made(identity, task, 2)
    assert set(found) == {Place(direction, cycles, link) for direction in ("inv", "rec") for cycles in range(3) for link in LINKS}
    for pixels in found.values():
        assert pixels.dtype == np.uint8 and np.array_equal(pixels, task.sources)


def test_the_stored_labels_are_asked_for_in_turn() -> None:
    record = Recording()
    found = made(record, numbered(noise(2)), 2)
    one_link = [(1, -1), (1, 0), (1, 2), (2, -1), (2, 0)]
    assert record.calls == [(0, -1), (0, 0), (0, 1)] + one_link * 2, "what comes before the first link is made once"
    assert len(found) == 12


def test_without_cycles_no_random_label_is_used() -> None:
    record = Recording()
    made(record, numbered(noise(2)), 0)
    assert record.calls == [(0, -1), (0, 0)]


def test_longer_chains_extend_shorter_ones() -> None:
    def paint(image: Tensor, source: Domain, target: Domain) -> Tensor:
        return 0.5 * image + 0.1 * target.label.mean(1)[:, None, None, None]  # what came before is never forgotten

    task = trial(faces())
    short, long = made(paint, task, 1), made(paint, task, 3)
    assert all(np.array_equal(long[place], pixels) for place, pixels in short.items()) and len(long) == 2 * len(short)


def test_the_8_bit_chain_rounds_every_link_and_the_float_chain_the_last_image() -> None:
    found = made(nudge, numbered(np.full((1, 8, 8, 3), 100, np.uint8), steps=4), 4)
    # after k + 1 calls: 100.35, 100.7, 101.05, 101.4, 101.75
    for number, level in enumerate((100, 101, 101, 101, 102)):
        for direction in ("inv", "rec"):
            assert (found[Place(direction, number, "float")] == level).all()
            assert (found[Place(direction, number, "8bit")] == 100).all()


def test_links_between_spaces() -> None:
    found = made(nudge, between(RGB, RGB, np.full((1, 8, 8, 3), 100, np.uint8)), 2)
    # inv_k is 2k + 1 calls away, rec_k 2k, but rec_0 one
    assert sorted(levels(found, "float")) == [
        ("inv", 0, [100]), ("inv", 1, [101]), ("inv", 2, [102]), ("rec", 0, [100]), ("rec", 1, [101]), ("rec", 2, [101]),
    ]  # fmt: skip
    assert all(level == [100] for _, _, level in levels(found, "8bit"))


def test_round_trips_between_spaces() -> None:
    record = Recording()
    made(record, between(RGB, RGB), 2)
    legs = [("away", "home"), ("home", "away"), ("away", "home"), ("home", "away")]
    assert record.calls == [("home", "home"), ("home", "away")] + legs * 2


@pytest.mark.parametrize(("away", "stays"), [(GRAY, False), (ImageSpec(3, 6, 10), True)], ids=["channels", "size"])
def test_spaces_of_other_pixels(away: ImageSpec, stays: bool) -> None:
    def send(image: Tensor, source: Domain, target: Domain) -> Tensor:
        spec = (RGB if target.space == "home" else away).shape
        assert image.shape[1:] == (RGB if source.space == "home" else away).shape
        return torch.zeros(len(image), *spec)

    found = made(send, between(RGB, away), 1)
    assert (Place("rec", 0, "8bit") in found) == (Place("rec", 0, "float") in found) == stays
    assert found[Place("inv", 1, "8bit")].shape == (3, away.height, away.width, away.channels)
    assert found[Place("rec", 1, "8bit")].shape == (3, 8, 8, 3)


def test_batches_do_not_change_outputs() -> None:
    def paint(image: Tensor, source: Domain, target: Domain) -> Tensor:
        return image * 0.5 + (target.label @ torch.tensor([0.1, 0.2, 0.3]))[:, None, None, None]

    task = trial(faces())
    whole, parts = made(paint, task, 2), made(paint, task, 2, batch=2)
    assert all(np.array_equal(parts[place], pixels) for place, pixels in whole.items())
    assert [rows for rows, _ in outputs(identity, task, Way(0), 2)] == [slice(0, 2), slice(2, 4), slice(4, 5)]


def test_a_trial_is_the_first_images_on_the_chains_of_the_whole_split() -> None:
    dataset = faces()
    images = dataset.splits["test"]["faces"]
    chains = draw_chains(images.labels, FACES, 0)
    task = trial(dataset, 2)
    assert len(task) == 2 and len(trial(dataset)) == len(trial(dataset, 9)) == 5
    shorter = trial(dataset).of([0, 1])
    assert len(shorter) == 2 and np.array_equal(shorter.sources, task.sources)
    assert torch.equal(shorter.targets, task.targets) and torch.equal(shorter.inverted, task.inverted)
    assert len(between(RGB, RGB).of([0])) == 1
    assert np.array_equal(task.sources, images.pixels[:2]) and task.truth(Place("inv", 0, "8bit")) is None
    rec, inv, step = Place("rec", 0, "8bit"), Place("inv", 3, "8bit"), Place("step", 3, "8bit")
    assert torch.equal(task.goal(rec), images.labels[:2]) and torch.equal(task.goal(inv), chains.inverted[:2])
    assert torch.equal(task.asked_before(rec), images.labels[:2]) and torch.equal(task.asked_before(inv), chains.targets[2, :2])
    assert torch.equal(task.goal(step), chains.targets[2, :2]) and torch.equal(task.asked_before(step), chains.targets[1, :2])
    assert torch.equal(task.asked_before(Place("step", 1, "8bit")), images.labels[:2])


def test_no_graph_is_made() -> None:
    weight = torch.ones(1, requires_grad=True)

    def scale(image: Tensor, source: Domain, target: Domain) -> Tensor:
        result = image * weight
        assert not result.requires_grad
        return result

    assert len(made(scale, trial(faces()), 1)) == 8


def test_steps_are_the_images_of_the_chain_itself() -> None:
    record = Recording()
    found = made(record, numbered(noise(2), steps=5), 0, steps=4)
    assert [place.cycles for place in found if place.direction == "step"] == [1, 2, 3, 4]
    assert record.calls == [(0, -1), (0, 0), (0, 1), (1, 2), (2, 3), (3, 4)]


def test_probes_go_the_way_back_only() -> None:
    record = Recording()
    found = made(record, numbered(noise(2)), 2, probes=("blur",))
    assert {place for place in found if place.link == "blur"} == {Place("rec", 1, "blur"), Place("rec", 2, "blur")}
    assert record.calls[-3:] == [(1, 0), (1, 2), (2, 0)]


def test_links_do_what_their_names_say() -> None:
    flat, everyone = torch.full((3, 3, 32, 32), 20 / 127.5), np.arange(3)
    noisy = (linked(flat, "noise", everyone, 0) + 1) * 127.5
    # a deviation of 2 levels, and 1 / 12 of rounding
    assert noisy.std().item() == pytest.approx((4 + 1 / 12) ** 0.5, rel=0.05) and noisy.mean().item() == pytest.approx(148, abs=0.2)
    assert torch.equal(linked(flat[1:], "noise", everyone[1:], 0), linked(flat, "noise", everyone, 0)[1:]), (
        "by the image's number, not the batch"
    )
    assert not torch.equal(linked(flat, "noise", everyone, 1), linked(flat, "noise", everyone, 0))
    dot = torch.full((1, 1, 5, 5), -1.0)
    dot[0, 0, 2, 2] = 1
    middle = 1 / (1 + 2 * np.exp(-2))  # of weights exp(-2 d^2), d = -1, 0, 1
    blurred = ((linked(dot, "blur", [0], 0)[0, 0] + 1) * 127.5).round()
    assert blurred[2, 2].item() == round(255 * middle**2) and blurred[2, 1].item() == round(255 * middle * (1 - middle) / 2)
    checkered = torch.from_numpy(np.indices((8, 8)).sum(0) % 2).float()[None, None].expand(1, 3, 8, 8) * 0.03
    assert linked(checkered, "jpeg", [0], 0).std() < 0.2 * checkered.std(), "what alternates from pixel to pixel is lost"
    assert all(
        torch.equal(linked(flat, link, everyone, 0), linked(linked(flat, link, everyone, 0), "8bit", everyone, 0))
        for link in PROBES
    )
