"""Tiles against whole images: windows by hand, norms with the whole image's statistics, every method, and the memory's bound."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from contracts.case import Case
from contracts.cases import CASES
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.images.layers import Layers
from viceversa.images.normalizing import normalized
from viceversa.inference.apply import ends
from viceversa.inference.full_size import generator_of, translated_whole
from viceversa.inference.receptive_field import ReceptiveField, multiple_of, receptive_field_of
from viceversa.inference.tiles import WORKSPACE, Span, blended, room, sides_of, spans, translated_in_tiles
from viceversa.networks.blocks import instance_norm
from viceversa.networks.resnet import resnet_generator

SPEC = ImageSpec(3, 16, 16)


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> NDArray[np.uint16]:
    """Not the same everywhere, so that tiles have statistics of their own: brighter to the right, and rougher downwards."""
    random = np.random.default_rng(seed).normal(size=(height, width, channels))
    rough = random * np.linspace(0.05, 0.4, height)[:, None, None] + np.linspace(-0.7, 0.7, width)[None, :, None]
    return ((rough.clip(-1, 1) + 1) * 32767.5).round().astype(np.uint16)


def memory_for(footprint: ReceptiveField, side: int) -> float:
    """MiB that have room for tiles of that side."""
    return footprint.weight * WORKSPACE * side**2 / 2**20


def levels_apart(one: NDArray[np.uint16], other: NDArray[np.uint16]) -> int:
    return int(np.abs(one.astype(np.int64) - other).max())


def test_spans_by_hand() -> None:
    found = spans(100, 40, 8, 4)  # cores of at most 24, so five of 20
    assert [(span.first, span.last) for span in found] == [(0, 20), (20, 40), (40, 60), (60, 80), (80, 100)]
    assert [(span.start, span.stop) for span in found] == [(0, 40), (12, 52), (32, 72), (52, 92), (60, 100)]
    assert spans(40, 40, 8, 4) == [Span(0, 40, 0, 40, 40)]
    with pytest.raises(ValueError, match="no core"):
        spans(100, 16, 8, 4)


@given(st.integers(1, 40), st.integers(0, 6), st.integers(2, 12), st.sampled_from([1, 2, 4, 8]))
def test_cores_share_out_the_length(length: int, border: int, core: int, multiple: int) -> None:
    length, border, side = length * multiple, border * multiple, (core + 2 * border) * multiple
    found = spans(length, side, border, multiple)
    assert [place for span in found for place in range(span.first, span.last)] == list(range(length))
    assert all(
        span.stop - span.start == min(side, length) and span.first % multiple == span.start % multiple == 0 for span in found
    )
    assert all(span.start <= max(span.first - border, 0) and span.stop >= min(span.last + border, length) for span in found)


def test_windows_by_hand() -> None:
    left, middle, right = (Span(max(first - 8, 0), min(first + 16, 24), first, first + 8, 24) for first in (0, 8, 16))
    assert left.faded(4) == (0, 10) and middle.faded(4) == (6, 18) and right.faded(4) == (14, 24)
    assert left.window(4).tolist() == [1, 1, 1, 1, 1, 1, 0.875, 0.625, 0.375, 0.125]
    assert middle.window(4).tolist() == [0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1, 0.875, 0.625, 0.375, 0.125]
    assert right.window(4).tolist() == [0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1, 1, 1]


def test_two_tiles_are_blended_by_hand() -> None:
    """A black and a white tile: between them levels rise by 255 / 4, from 255 / 8."""
    columns = spans(24, 20, 4, 4)
    assert len(columns) == 2
    made = blended(
        lambda row, column: torch.full((1, row.stop, column.stop - column.start), 1.0 if column.first else -1.0),
        spans(3, 3, 0, 1), columns, bits=8, blend=4)  # fmt: skip
    assert made.shape == (3, 24, 1)
    assert (made[..., 0] == [0] * 10 + [32, 96, 159, 223] + [255] * 10).all()


@given(st.integers(16, 60), st.integers(16, 60), st.integers(30, 50))
@settings(max_examples=25)
def test_windows_sum_to_one(height: int, width: int, side: int) -> None:
    rows, columns = spans(height, side, 8, 1), spans(width, side, 8, 1)
    made = blended(lambda row, column: torch.full((2, row.stop - row.start, column.stop - column.start), 0.25), rows, columns,
                   bits=16, blend=8)  # fmt: skip
    assert made.shape == (height, width, 2) and (made == round(1.25 * 32767.5)).all()


REACHES: dict[str, tuple[nn.Module, int, tuple[int, ...]]] = {
    "3x3": (nn.Conv2d(3, 3, 3, 1, 1), 1, (1,)),
    "3x3 twice, a norm between": (
        nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1), instance_norm(4), nn.ReflectionPad2d(1), nn.Conv2d(4, 3, 3)), 1, (1, 2)),
    # the lower row i sees pixels 2i-1..2i+2, and pixels 0 and 1 rows -1..1: from 3 before to 3 behind, rounded up to 4
    "halved and doubled": (
        nn.Sequential(nn.Conv2d(3, 4, 4, 2, 1), instance_norm(4), nn.ConvTranspose2d(4, 3, 4, 2, 1)), 2, (2, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", REACHES)
def test_how_far_a_network_looks_by_hand(name: str) -> None:
    network, multiple, reaches = REACHES[name]
    found = receptive_field_of(network, SPEC)
    assert (found.multiple, found.reaches) == (multiple, reaches)


def test_what_a_network_holds_by_hand() -> None:
    """In and out of the second convolution: 8 and 3 channels of 4 bytes; the first's input is held by nobody but the caller."""
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 3, 1))
    weight = receptive_field_of(network, SPEC).weight
    assert 4 * (8 + 3) <= weight <= 4 * (3 + 8 + 3) + 1


class Squeezed(nn.Module):
    """Times the mean over all places, which is no norm: it looks at the whole image."""

    def forward(self, image: Tensor) -> Tensor:
        return image * image.mean((2, 3), keepdim=True)


def test_a_network_that_looks_at_the_whole_image() -> None:
    footprint = receptive_field_of(Squeezed(), SPEC)
    assert footprint.reaches == ()
    image = noise(64, 64)
    assert translated_in_tiles(Squeezed(), image, footprint, 8).shape == image.shape
    with pytest.raises(UsageError, match=r"beyond 512 pixels.*Raise `memory` \(0\.01\).*64x64 image"):
        translated_in_tiles(Squeezed(), image, footprint, 0.01)


def test_a_network_of_one_size() -> None:
    for network in (nn.Sequential(nn.Flatten(), nn.Linear(768, 768), nn.Unflatten(1, (3, 16, 16))), nn.MaxPool2d(2)):
        with pytest.raises(UsageError, match="takes only images of 16x16 pixels: leave out `full_size`"):
            multiple_of(network, SPEC)


def test_too_little_memory_says_how_much_is_needed() -> None:
    network = nn.Sequential(nn.Conv2d(3, 3, 33, 1, 16))
    footprint = receptive_field_of(network, SPEC)
    with pytest.raises(
        UsageError, match=r"`memory=0\.01` is too little: the generator's receptive field reaches 24 pixels, which needs 1 MiB"
    ):
        translated_in_tiles(network, noise(128, 128), footprint, 0.01)
    assert translated_in_tiles(network, noise(128, 128), footprint, 1).shape == (128, 128, 3)


def test_tiles_of_a_narrow_image_are_longer() -> None:
    footprint = ReceptiveField(4, (16,), 64.0)
    memory = memory_for(footprint, 100)
    assert sides_of((1000, 1000), footprint, memory, 8) == (100, 100)
    assert sides_of((40, 1000), footprint, memory, 8) == (40, 248)  # of 10,000 pixels, as square tiles have
    assert sides_of((1000, 40), footprint, memory, 8) == (248, 40)
    assert room(footprint, memory) == pytest.approx(10_000)


def torn(kind: str) -> nn.Module:
    torch.manual_seed(0)
    network = resnet_generator(3, 3, width=4, blocks=2)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.3)
    if kind == "torch's":
        for name, module in list(network.named_modules()):
            if isinstance(module, nn.GroupNorm):
                network.set_submodule(name, nn.InstanceNorm2d(module.num_channels))
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("kind", ["group", "torch's"])
@given(rows=st.integers(20, 45), columns=st.integers(20, 45), side=st.integers(136, 160))
@settings(max_examples=6, deadline=None)
def test_tiles_make_what_the_whole_image_makes(kind: str, rows: int, columns: int, side: int) -> None:
    network = torn(kind)
    footprint = receptive_field_of(network, SPEC)
    image = noise(8 * rows, 8 * columns)
    whole = ((network(normalized(torch.tensor(image[None]))) + 1) * 32767.5).round()[0].permute(1, 2, 0).numpy()
    made = translated_in_tiles(network, image, footprint, memory_for(footprint, side))
    assert levels_apart(made, whole.astype(np.uint16)) <= 2  # of 65535


def test_without_the_statistics_of_the_whole_image_seams_show() -> None:
    """What the test above would find: tiles with statistics of their own are hundreds of times farther off."""
    network, image = torn("group"), noise(256, 256)
    whole = network(normalized(torch.tensor(image[None])))
    alone = torch.cat([network(normalized(torch.tensor(image[None, :, left : left + 128]))) for left in (0, 128)], 3)
    assert (whole - alone).abs().max() > 0.1


ONE_SIZE = ("icgan",)  # its encoder ends in a vector
SUPPORTED = [case for case in CASES if not case.name.startswith(("multicyclic", "triple", "further")) and case.name not in ONE_SIZE]


def ready(case: Case) -> tuple[nn.Module, Domain, Domain, ImageSpec]:
    """A method's translator of random weights, some of them larger than a training begins with, and a way through it."""
    method = case.method()
    for weights in method.translator.parameters():
        weights.data *= 2 if weights.ndim > 1 else 1
    method.networks.eval().requires_grad_(False)
    space = case.space
    source, target = (
        Domain(name, space.draw(1, torch.Generator().manual_seed(number)) if space.attributes else None)
        for number, name in enumerate([list(space.images)[place] for place in (0, -1)])
    )
    spec = space.images[source.space]
    return method.translator, *ends(method, torch.zeros(1, *spec.shape), source, target), spec


def translated(case: Case, image: NDArray[np.uint16], memory: float = 1000) -> NDArray[np.uint16]:
    translator, here, there, spec = ready(case)
    return translated_whole(translator, Layers(image), here, there, spec=spec, memory=memory).colors


@pytest.mark.parametrize("case", SUPPORTED, ids=lambda case: case.name)
def test_every_method_in_tiles(case: Case) -> None:
    """In tiles about as small as they can be."""
    translator, here, there, spec = ready(case)
    footprint = receptive_field_of(generator_of(translator, here, there), spec)
    image, memory = noise(231, 259, spec.channels), memory_for(footprint, 2 * (footprint.reaches[-1] + footprint.multiple) + 64)
    assert room(footprint, memory) < 231 * 259
    whole, tiled = translated(case, image), translated(case, image, memory)
    assert whole.shape[:2] == (231, 259) and whole.dtype == np.uint16
    assert levels_apart(whole, tiled) <= 2


@pytest.mark.parametrize("name", ONE_SIZE)
def test_a_method_of_one_size_is_refused(name: str) -> None:
    (case,) = (case for case in CASES if case.name == name)
    with pytest.raises(UsageError, match="takes only images of 8x8 pixels: leave out `full_size`"):
        translated(case, noise(40, 40), 100)


@pytest.mark.parametrize("name", ["cyclegan-unalike", "augmented-cyclegan"])
def test_an_adapter_leaves_large_images_as_they_are(name: str) -> None:
    """What is behind it decides; at the trained size of equal spaces it makes no difference."""
    (case,) = (case for case in CASES if case.name == name)
    translator, here, there, spec = ready(case)
    image = normalized(torch.tensor(noise(40, 44, spec.channels)[None]))
    assert generator_of(translator, here, there)(image).shape[2:] == (40, 44) != translator(image, here, there).shape[2:]
    if case.space.images[there.space].shape[1:] == spec.shape[1:]:
        trained = image[:, :, : spec.height, : spec.width]
        assert torch.equal(generator_of(translator, here, there)(trained), translator(trained, here, there))


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (17, 5), (33, 34)])
def test_images_of_any_size(size: tuple[int, int]) -> None:
    (case,) = (case for case in CASES if case.name == "cyclegan")
    assert translated(case, noise(*size), 100).shape == (*size, 3)


def test_padding_is_a_reflection_below_and_to_the_right() -> None:
    """An image of 30 pixels is translated as the one of 32 that goes on as a reflection."""
    (case,) = (case for case in CASES if case.name == "cyclegan")
    image = noise(30, 30)
    longer = np.concatenate([image, image[-2:-4:-1]], 0)
    longer = np.concatenate([longer, longer[:, -2:-4:-1]], 1)
    assert np.array_equal(translated(case, image, 100), translated(case, longer, 100)[:30, :30])
