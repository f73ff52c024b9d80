"""Python's habits: targets as mappings, keyword arguments, one image or many of any kind, and what is said of wrong ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import viceversa as vv
from viceversa.data.dataset import Images
from viceversa.data.sets.avatars import first_avatars
from viceversa.data.sources import open_dataset
from viceversa.evaluation.report.contents import Report
from viceversa.images.pixels import Pixels
from viceversa.inference.masks import Region
from viceversa.video import translated_frames

TO = {"glasses": "yes", "hair": "blond"}


@cache
def avatars() -> vv.Model:
    return vv.load("avatars")


@cache
def faces() -> Pixels:
    return np.asarray(first_avatars(5, 64).splits["test"]["avatars"].pixels)


def as_tensor(pixels: Pixels) -> torch.Tensor:
    return torch.tensor(pixels).permute(0, 3, 1, 2) / 255


def alone(**asked: Any) -> Pixels:
    return np.stack([np.asarray(avatars().translate(face, TO, **asked)) for face in faces()])


@pytest.mark.parametrize("to", [TO, "glasses=yes,hair=blond", {"glasses": True, "hair": "blond"}])
def test_a_target_is_a_text_or_a_mapping(to: Any) -> None:
    assert np.array_equal(avatars().translate(faces(), to), alone())


@pytest.mark.parametrize("pixels", [2**12, 2**13, 2**15])
def test_many_are_translated_to_the_same_bits_as_each_alone(pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time, in batches of two that are not full, and in one that is not full."""
    monkeypatch.setattr("viceversa.inference.translation._PIXELS", pixels)
    deep = faces().astype(np.uint16) * 257
    each = np.stack([avatars().translate(face[None], TO)[0] for face in deep])
    assert np.array_equal(avatars().translate(deep, TO), each)
    assert np.array_equal(avatars().translate(faces(), TO), alone())


def test_the_kind_that_is_given_comes_back(tmp_path: Path) -> None:
    Image.fromarray(faces()[0]).save(tmp_path / "face.png")
    model, tensor = avatars(), as_tensor(faces())
    mixed = [str(tmp_path / "face.png"), tmp_path / "face.png", Image.fromarray(faces()[0]), faces()[0], tensor[0]]
    made = model.translate(mixed, TO)
    assert [type(each) for each in made] == [Image.Image] * 4 + [torch.Tensor]
    assert all(np.array_equal(each, alone()[0]) for each in made[:4]) and made[4].shape == (3, 64, 64)
    assert model.translate([], TO) == []
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        found = model.translate(tensor.to(dtype), TO)
        assert found.dtype == dtype and found.device == tensor.device and 0 <= found.min() <= found.max() <= 1
    exact = model.translate(tensor, TO).permute(0, 2, 3, 1).numpy() * 255
    assert np.abs(exact - alone()).max() < 0.51, "the same images, before they are rounded to 8 bits"
    deep = model.translate(faces().astype(np.uint16) * 257, TO)
    assert deep.dtype == np.uint16 and np.abs(deep / 257 - alone()).max() < 0.51


def test_images_of_several_depths_and_sizes_in_one_list() -> None:
    large = np.asarray(Image.fromarray(faces()[1]).resize((100, 80)))
    mixed = [faces()[0], faces()[0].astype(np.uint16) * 257, large]
    for full_size, sizes in ((False, [(64, 64)] * 3), (True, [(64, 64), (64, 64), (100, 80)])):
        made = avatars().translate(mixed, TO, full_size=full_size)
        assert [each.size for each in made] == sizes
        assert all(
            np.array_equal(each, avatars().translate(one, TO, full_size=full_size)) for each, one in zip(made, mixed, strict=True)
        )


def test_keywords_reach_the_translation() -> None:
    mask = np.zeros((64, 64, 1), np.uint8)
    mask[:, 32:] = 255
    for region in (mask, Image.fromarray(mask[..., 0]), Region(mask)):
        made = avatars().translate(faces(), TO, mask=region)
        assert np.array_equal(made[:, :, :32], faces()[:, :, :32]) and np.array_equal(made[:, :, 32:], alone()[:, :, 32:])
    source = {"glasses": "no", "hair": "black", "beard": "no", "smile": "no", "tone": 0.5}
    assert not np.array_equal(avatars().translate(faces(), TO, source=source, strength=0.5), alone())
    with pytest.raises(vv.UsageError, match="takes no reference image and no seed"):
        avatars().translate(faces(), TO, seed=3)


def test_a_chain_gives_for_each_target_what_translate_gives() -> None:
    targets = [TO, "glasses=no", {"hair": "black"}]
    chains = avatars().chain(faces(), targets)
    assert [made.shape for made in chains] == [faces().shape] * 3
    pictures = avatars().chain(list(faces()), targets)
    assert all(np.array_equal(np.stack(row), made) for row, made in zip(pictures, chains, strict=True))
    one = avatars().chain(faces()[2], targets)
    for picture, made in zip(one, chains, strict=True):
        apart = np.abs(np.asarray(picture).astype(int) - made[2])
        assert apart.max() <= 4 and (apart > 0).mean() < 1e-2, "a float's last bit, which a rounding may make one level on the way"


@pytest.mark.parametrize(
    ("images", "to", "told"),
    [
        (lambda: as_tensor(faces()) * 2 - 1, TO, r"values must be in \[0, 1\], not from -.*give \(x \+ 1\) / 2"),
        (lambda: as_tensor(faces()) * 255, TO, r"values must be in \[0, 1\], not from"),
        (lambda: as_tensor(faces()) * float("nan"), TO, r"values must be in \[0, 1\], not from nan"),
        (lambda: (as_tensor(faces()) * 255).byte(), TO, r"floats in \[0, 1\], not \(5, 3, 64, 64\) of uint8"),
        (lambda: torch.rand(64, 64), TO, r"a tensor must have the shape \(N, channels, height, width\).*not \(64, 64\)"),
        (lambda: torch.rand(0, 3, 64, 64), TO, r"\(0, 3, 64, 64\) holds no image"),
        (lambda: faces()[:0], TO, r"\(0, 64, 64, 3\) holds no image"),
        (lambda: [faces()], TO, "a list must hold single images"),
        (lambda: [faces()[0], None], TO, "an image must be a path, a Pillow image, or an array, not 'NoneType'"),
        (lambda: {"face": 1}, TO, "not 'dict'; a tensor or a list of images also works"),
        (faces, {"glases": "yes"}, "unknown attribute 'glases'. Did you mean 'glasses'"),
        (faces, {"glasses": 3}, "unknown value of glasses '3'. Known: yes, no"),
        (faces, ["glasses"], r"\['glasses'\] names no attributes: write them as in 'hair=blond.* or \{'glasses': 'yes'\}"),
        (faces, "", r"as in `to='hair=black'`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(images: Any, to: Any, told: str) -> None:
    with pytest.raises(vv.UsageError, match=told) as refused:
        avatars().translate(images(), to)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), "half", None])
def test_a_strength_is_a_number(strength: Any) -> None:
    with pytest.raises(vv.UsageError, match=r"^`strength=.*`: give a number; 1 applies the full edit\.$"):
        avatars().translate(faces()[0], TO, strength=strength)


def test_the_targets_of_a_chain_are_a_list() -> None:
    with pytest.raises(vv.UsageError, match=r"the targets of a chain must be a list, as in \['glasses=yes'\]"):
        avatars().chain(faces(), "glasses=yes")


def test_a_model_moves_in_place() -> None:
    model = vv.load("avatars")
    assert model.to("meta") is model
    assert {weight.device.type for weight in model.method.networks.parameters()} == {"meta"}
    assert next(model.method.translator.parameters()).device.type == "meta"
    assert model.labeller is not None and next(model.labeller.network.parameters()).device.type == "meta"
    same = vv.load("avatars").to("cpu")
    assert np.array_equal(same.translate(faces(), TO), alone())


def test_what_is_printed_of_an_object_is_a_short_line() -> None:
    dataset, report = open_dataset("avatars", 32), Report("a on b", "lite0@128", "b-v1", True, [], {})
    model = avatars()
    assert repr(model) == "Model(multicyclic, 64 px, step 10,200, avatars: hair, glasses, beard, smile, tone)"
    assert repr(vv.Outcome(Path("runs/a"), 2000)) == "Outcome(runs/a, step 2,000)"
    assert repr(dataset.splits["test"]["avatars"]) == "Images(2,000 of 32x32x3 uint8, labels of 7)"
    painted = vv.Painted(Image.new("RGB", (8, 6)), [{}] * 3, [])
    objects = [dataset, Images(np.zeros((2, 4, 4, 1), np.uint8), None, ("a", "b")), report, model.method, model.labeller, painted]
    for line in map(repr, [*objects, model.familiarity]):
        assert len(line) < 140 and "\n" not in line and "tensor(" not in line and "array(" not in line, line


def test_frames_of_a_clip_are_translated_to_the_same_bits_as_each_alone() -> None:
    frames = [*faces(), *faces()[::-1]]
    labels = "hair=black,beard=no,smile=no,tone=0.5,glasses=no"
    made = list(translated_frames(avatars(), frames, "glasses=yes", source=labels))
    alone = [np.asarray(avatars().translate(frame, "glasses=yes", source=labels)) for frame in frames]
    assert len(made) == 10 and all(map(np.array_equal, made, alone))
