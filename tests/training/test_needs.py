"""What a plan may ask of the loader beside images: balanced labels, others of the same label, pairs, and no batch of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from contracts.cases import CASES
from training.small import noise, trainer
from viceversa.core.domains import Example
from viceversa.core.plans import Need
from viceversa.data.augmentation import Augment
from viceversa.data.dataset import Images
from viceversa.errors import UsageError
from viceversa.training.loader import MOST_LABELS, Loader

CPU = torch.device("cpu")
LABELS = [0] * 90 + [1] * 9 + [2]
"""Of the images 0 to 99: the last one is the only one of its label."""


def numbered(labels: Sequence[int] | None = LABELS) -> Images:
    """Image i is filled with i."""
    count = 100 if labels is None else len(labels)
    pixels = (np.arange(count) % 256).astype(np.uint8)[:, None, None, None].repeat(4, 1).repeat(4, 2)
    return Images(pixels, None if labels is None else torch.eye(3)[list(labels)], tuple(map(str, range(count))))


def loader(*needs: Need, batch: int = 10, **settings: object) -> Loader:
    return Loader({"photos": numbered()}, needs, batch, 0, CPU, **settings)


def numbers(example: Example) -> list[int]:
    """Which images a batch holds."""
    return ((example.image[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


def test_balanced_labels_are_equally_likely() -> None:
    load = loader(Need("real", "photos", balanced=True))
    found = [number for step in range(60) for number in numbers(load(step)[0]["real"])]
    counts = Counter(LABELS[number] for number in found)
    assert all(abs(count - 200) < 50 for count in counts.values()) and len(counts) == 3  # 4 deviations of 600 draws: 46
    within = Counter(number for number in found if LABELS[number] == 1)
    assert len(within) == 9 and max(within.values()) < 50  # 22 of each are expected
    assert load.steps_per_epoch == 10
    example = load(3)[0]["real"]
    assert [LABELS[number] for number in numbers(example)] == example.domain.label.argmax(1).tolist()


def test_another_image_of_the_same_label() -> None:
    load = loader(Need("first", "photos", balanced=True), Need("second", "photos", alike="first"))
    partners: dict[int, set[int]] = {}
    for step in range(60):
        batch, _ = load(step)
        first, second = batch["first"], batch["second"]
        assert torch.equal(first.domain.label, second.domain.label) and torch.equal(first.batch_labels, second.batch_labels)
        for one, other in zip(numbers(first), numbers(second), strict=True):
            assert (one == other) == (LABELS[one] == 2)  # itself where it is the only one
            partners.setdefault(one, set()).add(other)
    few = [met for one, met in partners.items() if LABELS[one] == 1]
    assert set.union(*few) == set(range(90, 99)) and all(len(met) > 3 for met in few)


def test_what_others_need_changes_no_draw() -> None:
    alone = loader(Need("real", "photos"), flip=True, shift=1)
    more = loader(
        Need("balanced", "photos", balanced=True), Need("real", "photos"), Need("alike", "photos", alike="real"),
        Need("beside", "photos", beside="real"), flip=True, shift=1,
    )  # fmt: skip
    for step in (0, 7, 12):
        batch, draws = more(step)
        expected, own = alone(step)
        assert torch.equal(batch["real"].image, expected["real"].image)
        assert torch.equal(draws.normal("z", torch.zeros(4)), own.normal("z", torch.zeros(4)))


def test_a_function_of_the_step_also_over_processes() -> None:
    needs = (Need("real", "photos", balanced=True), Need("alike", "photos", alike="real"), Need("beside", "photos", beside="alike"))
    whole = loader(*needs, batch=9, flip=True, shift=1)
    shared = [loader(*needs, batch=9, flip=True, shift=1, rank=rank, processes=2) for rank in range(2)]
    expected = {step: whole(step)[0] for step in range(14)}
    assert whole.steps_per_epoch == 12 and shared[0].steps_per_epoch == 11  # of a last batch of one
    for step in (10, 0, 5):
        parts = [each(step)[0] for each in shared]
        for need in needs:
            assert torch.equal(torch.cat([part[need.name].image for part in parts]), expected[step][need.name].image)
            assert torch.equal(whole(step)[0][need.name].image, expected[step][need.name].image)
            assert torch.equal(parts[0][need.name].batch_labels, expected[step][need.name].batch_labels)


def pairs() -> dict[str, Images]:
    """Image i of a pair is noise; the other one, gray, is its second channel."""
    color = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    return {"photos": Images(color, None, ("",) * 40), "lines": Images(color[..., 1:2], None, ("",) * 40)}


@pytest.mark.parametrize("augment", [Augment(), Augment(rotate=30, zoom=0.2, brightness=0.2, contrast=0.2, blur=1)])
def test_pairs_are_moved_alike(augment: Augment) -> None:
    needs = (Need("lines", "lines", beside="photos"), Need("photos", "photos"))
    load = Loader(pairs(), needs, 8, 0, CPU, flip=True, shift=2, augment=augment)
    plain = Loader(pairs(), needs, 8, 0, CPU)
    for step in range(6):
        batch, unmoved = load(step)[0], plain(step)[0]
        assert torch.allclose(batch["lines"].image, batch["photos"].image[:, 1:2], atol=1e-5)
        assert not torch.equal(batch["photos"].image, unmoved["photos"].image)
        assert torch.equal(unmoved["lines"].image, unmoved["photos"].image[:, 1:2])


def test_what_cannot_be_had_is_refused() -> None:
    images = pairs()
    images["lines"] = Images(images["lines"].pixels[:39], None, ("",) * 39)
    with pytest.raises(UsageError, match="pairs of images, but 'lines' has a different number"):
        Loader(images, (Need("photos", "photos"), Need("lines", "lines", beside="photos")), 8, 0, CPU)
    bare = Loader({"photos": numbered(None)}, (Need("real", "photos", balanced=True),), 4, 0, CPU)
    with pytest.raises(UsageError, match="balances labels, and the images of 'photos' have none"):
        bare(0)
    many = Images(
        np.zeros((MOST_LABELS + 1, 4, 4, 1), np.uint8), torch.arange(MOST_LABELS + 1.0)[:, None], ("",) * (MOST_LABELS + 1)
    )
    with pytest.raises(UsageError, match=f"{MOST_LABELS + 1} different labels cannot be balanced"):
        Loader({"photos": many}, (Need("real", "photos", balanced=True),), 4, 0, CPU)(0)


@pytest.mark.parametrize(
    ("batch", "processes", "least", "steps"),
    [(3, 1, 1, 34), (3, 1, 2, 33), (9, 2, 1, 11), (97, 2, 1, 2), (97, 2, 2, 1), (96, 2, 2, 2)],
)  # fmt: skip
def test_what_is_left_of_an_epoch_is_left_out_where_a_process_gets_too_few(
    batch: int, processes: int, least: int, steps: int
) -> None:
    """Of 100 images batches of 3 and 9 leave one, of 97 three, of 96 four."""
    load = loader(Need("real", "photos"), batch=batch, least=least, processes=processes)
    assert load.steps_per_epoch == steps
    ends = [load.rows(step) for step in range(load.steps_per_epoch)]
    assert all(stop - start >= least for start, stop, _ in ends)
    with pytest.raises(UsageError, match="batch of 1 images cannot be shared"):
        loader(Need("real", "photos"), batch=1, least=2)


@pytest.mark.parametrize(("name", "least"), [("discogan", 2), ("cyclegan", 1)])
def test_methods_with_batch_statistics_get_two_images_at_least(tmp_path: Path, name: str, least: int) -> None:
    case = next(each for each in CASES if each.name == name)
    made = trainer(tmp_path / "run", case.build, noise(case.space))
    assert made.loader.least == least and made.loader.count == 13
    assert made.loader.steps_per_epoch == (3 if least == 2 else 4)
