"""The labeller: what it is asked, that it learns, and that it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.core.attributes import Binary, OneOf
from viceversa.core.routing import routing_of
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels
from viceversa.metrics.labeller import Labeller, accuracy, labeller_network, load_labeller
from viceversa.metrics.labeller_training import independent_labeller, save_labeller

SPEC = ImageSpec(3, 16, 16)
LIT = Space({"tiles": SPEC}, (Binary("lit"),))
SIDES = Space({"dark": SPEC, "bright": SPEC})


def tiles(lit: NDArray[np.bool_], seed: int) -> Pixels:
    """Noise with a block in the middle: bright where lit, else dark."""
    pixels = np.random.default_rng(seed).integers(0, 256, (len(lit), 16, 16, 3), np.uint8)
    pixels[:, 5:11, 5:11] = np.where(lit, 230, 25)[:, None, None, None]
    return pixels


def labeled(count: int = 960) -> Dataset:
    splits = {}
    for seed, (split, size) in enumerate((("train", count), ("test", 60), ("validation", 60))):
        lit = np.random.default_rng(10 + seed).random(size) < 0.5
        label = torch.from_numpy(lit).float()[:, None]
        splits[split] = {"tiles": Images(tiles(lit, seed), label, tuple(map(str, range(size))))}

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        assert labels is not None and torch.equal(labels, 1 - splits[split][source].labels[positions])
        return tiles(labels[:, 0].numpy() > 0.5, 5)

    return Dataset(f"tiles-{count}", LIT, splits, truth)


def unlabeled(name: str, order: tuple[str, ...] = ("dark", "bright")) -> Dataset:
    """Two spaces; `order` is that in which a split happens to hold them."""
    splits = {}
    for seed, (split, size) in enumerate((("train", 480), ("test", 30), ("validation", 30))):
        images = {name: Images(tiles(np.full(size, name == "bright"), seed), None, tuple(map(str, range(size)))) for name in order}
        splits[split] = images
    return Dataset(name, SIDES, splits)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for the module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VICEVERSA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def trained(cache: None) -> Labeller:
    """Trained for one epoch."""
    return independent_labeller(labeled(), rounds=(1,), quiet=True)


@pytest.mark.parametrize(("channels", "outputs"), [(3, 7), (1, 2), (3, 40)])
def test_the_network_is_small(channels: int, outputs: int) -> None:
    network = labeller_network(channels, outputs)
    assert sum(weight.numel() for weight in network.parameters()) <= 500_000
    for side in (14, 28, 64):
        assert network(torch.zeros(2, channels, side, side)).shape == (2, outputs)


def test_it_learns_what_is_visible(trained: Labeller) -> None:
    images = labeled().splits["test"]["tiles"]
    read = trained.read(images.pixels)
    assert read.shape == (60, 1) and set(read.flatten().tolist()) == {0, 1}
    assert accuracy(read, images.labels, LIT) >= 0.95
    assert trained.accuracy >= 0.95 and trained.accuracy_edits is not None and trained.accuracy_edits >= 0.95
    assert trained.space == LIT and not trained.network.training
    assert torch.equal(trained.read(images.pixels, batch=7), read), "whatever the batch"


def test_it_is_trained_once(trained: Labeller) -> None:
    again = independent_labeller(replace(labeled(), splits={}), rounds=(1,))  # nothing to train on
    for one, other in zip(trained.network.state_dict().values(), again.network.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_training_is_a_function_of_the_data(trained: Labeller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path))
    torch.rand(3)
    again = independent_labeller(labeled(), rounds=(1,), quiet=True)
    for one, other in zip(trained.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_saved_copy_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    dataset, path = labeled(64), tmp_path / "run" / "labeller.safetensors"
    save_labeller(dataset, path, quiet=True)
    assert path.stat().st_size <= 500_000
    original, copy = independent_labeller(dataset), load_labeller(path)
    pixels = tiles(np.arange(20) % 2 == 0, 3)
    assert torch.equal(copy.read(pixels), original.read(pixels))
    assert (copy.space, copy.accuracy, copy.accuracy_edits) == (LIT, original.accuracy, original.accuracy_edits)


@pytest.mark.parametrize("order", [("dark", "bright"), ("bright", "dark")], ids=["space's order", "another order"])
def test_it_tells_two_spaces_apart(order: tuple[str, ...]) -> None:
    dataset = unlabeled(f"sides-{order[0]}", order)
    labeller = independent_labeller(dataset, rounds=(1,), quiet=True)
    read = labeller.read(tiles(np.array([True, False, True]), 8))
    assert labeller.space.describe(read) == ["space=bright", "space=dark", "space=bright"]
    assert labeller.accuracy >= 0.95 and labeller.accuracy_edits is None


def test_data_smaller_than_a_batch() -> None:
    labeller = independent_labeller(labeled(40), rounds=(2,), quiet=True)
    assert 0 <= labeller.accuracy <= 1


def test_questions() -> None:
    assert routing_of(labeled(64).space).question is LIT
    asked = routing_of(unlabeled("sides").space).question
    assert asked == Space(SIDES.images, (OneOf("space", ("dark", "bright")),))
    sizes = Dataset("sizes", Space({"small": ImageSpec(3, 8, 8), "large": SPEC}), {})
    assert routing_of(sizes.space).question is None
    with pytest.raises(UsageError, match="sizes has neither attributes nor spaces of one size"):
        independent_labeller(sizes)


def test_accuracy_counts_a_one_of_attribute_once() -> None:
    space = Space({"tiles": SPEC}, (OneOf("kind", ("a", "b", "c")), Binary("lit")))
    read, target = torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0]]), torch.tensor([[0.0, 1, 0, 1], [0, 1, 0, 0]])
    assert accuracy(read, target, space) == 3 / 4


def damaged(kind: str, path: Path) -> None:
    tensors = {"0.weight": torch.zeros(2)}
    space = '{"images": {"tiles": {"channels": 3, "height": 16, "width": 16}}, "attributes": [{"name": "lit", "kind": "binary"}]}'
    match kind:
        case "text":
            path.write_text("not a labeller")
        case "empty":
            path.write_bytes(b"")
        case "folder":
            path.mkdir()
        case "other weights":
            safetensors.torch.save_file(tensors, path)
        case "no accuracy":
            safetensors.torch.save_file(labeller_network(3, 1).state_dict(), path, {"space": space})
        case "another network":
            safetensors.torch.save_file(tensors, path, {"space": space, "accuracy": "1", "accuracy_edits": "1"})
        case "another space":
            safetensors.torch.save_file(tensors, path, {"space": "{}", "accuracy": "1", "accuracy_edits": "1"})


@pytest.mark.parametrize(
    "kind", ["missing", "text", "empty", "folder", "other weights", "no accuracy", "another network", "another space"]
)
def test_a_file_that_is_no_labeller(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "labeller.safetensors"
    damaged(kind, path)
    with pytest.raises(UsageError, match="cannot read the labeller"):
        load_labeller(path)


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="VICEVERSA_CACHE"):
        independent_labeller(labeled(64), rounds=(1,), quiet=True)
