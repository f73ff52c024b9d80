"""A model warns of images that it does not know, before there is a result; and says nothing of its own kind."""

from __future__ import annotations

import importlib.util
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image

import processes
import viceversa as vv
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.avatars import SPLITS, first_avatars, labels_of, render
from viceversa.data.sources import open_dataset
from viceversa.images.decoding import decode
from viceversa.images.fitting import fitted
from viceversa.images.layers import Layers
from viceversa.images.pixels import Pixels
from viceversa.inference.familiarity import FILE, familiarity_of, load_familiarity, save_familiarity
from viceversa.inference.translation import doubt
from viceversa.runs.pretrained import packaged_folder
from viceversa.video.translating import translated_frames

PHOTOS = (
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
)


@cache
def avatars() -> vv.Model:
    return vv.load("avatars")


@cache
def faces(count: int) -> Pixels:
    return np.asarray(first_avatars(count, 64).splits["test"]["avatars"].pixels)


@cache
def photographs() -> list[Path]:
    return [Path(importlib.util.find_spec(package).origin).parent / place for package, place in PHOTOS]  # type: ignore[union-attr, arg-type]


@cache
def crops() -> list[Pixels]:
    """20 squares of each photograph, of any size and place."""
    generator, found = np.random.default_rng(0), []
    for photo in (decode(path, channels=3) for path in photographs()):
        for _ in range(20):
            side = int(generator.integers(64, min(photo.shape[:2])))
            top, left = (int(generator.integers(0, length - side + 1)) for length in photo.shape[:2])
            found.append(fitted(photo[top : top + side, left : left + side], (64, 64)))
    return found


def through_jpeg(image: Pixels) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=75)
    return np.asarray(Image.open(buffer))


def share_doubted(images: list[Pixels]) -> float:
    return float(np.mean([bool(doubt(avatars(), Layers(image), "avatars")) for image in images]))


def test_photographs_are_told_from_faces_of_its_kind() -> None:
    """docs/models.md has this of many more (experiments/unknown_inputs)."""
    assert share_doubted(crops()) > 0.95
    assert share_doubted([*faces(200)]) <= 0.01
    assert share_doubted([through_jpeg(face) for face in faces(200)]) <= 0.02
    assert share_doubted([fitted(fitted(face, (40, 40)), (64, 64)) for face in faces(200)]) <= 0.02


def test_python_warns_once_of_a_call_and_names_the_image() -> None:
    photo = photographs()[0]
    with pytest.warns(
        vv.UnfamiliarImage, match=r"hopper\.jpg' does not look like the images that 'avatars' was trained on"
    ) as noted:
        avatars().translate(photo, "glasses=yes")
    assert [Path(each.filename).name for each in noted] == [Path(__file__).name], "the line of the user's, as a notebook shows it"
    with pytest.warns(vv.UnfamiliarImage, match=r"^image 1 \(and 1 more of 4\) does not look like") as noted:
        avatars().translate([faces(2)[0], crops()[0], faces(2)[1], crops()[1]], "glasses=yes")
    assert len(noted) == 1
    with pytest.warns(vv.UnfamiliarImage, match="^this image does not look like"):
        avatars().chain(Image.open(photo), ["glasses=yes", "hair=blond"], full_size=True)
    with pytest.warns(vv.UnfamiliarImage, match="^this image does not look like"):
        next(translated_frames(avatars(), [crops()[0]], "glasses=yes"))


@pytest.mark.parametrize("full_size", [False, True])
def test_nothing_is_said_of_its_own_kind(full_size: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = avatars().translate(faces(4), "glasses=yes", full_size=full_size)
        avatars().translate(made, "glasses=no", full_size=full_size)
        transparent = np.concatenate([faces(1)[0], np.full((64, 64, 1), 255, np.uint8)], 2)
        avatars().translate(Image.fromarray(transparent), "glasses=yes", full_size=full_size)


def test_the_command_line_warns_on_standard_error_before_the_result(tmp_path: Path) -> None:
    Image.fromarray(faces(1)[0]).save(tmp_path / "face.png")
    done = processes.command("translate", "avatars", photographs()[0], "face.png", "--to", "glasses=yes", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.count("->") == 2
    warned = [line for line in done.stderr.splitlines() if "warning" in line]
    assert (
        len(warned) == 1
        and warned[0].startswith("viceversa: warning: ")
        and "grace_hopper.jpg does not look like the images" in warned[0]
    )


@pytest.mark.parametrize("stored", [True, False])
def test_a_run_stores_what_its_images_are_like(stored: bool, tmp_path: Path) -> None:
    """At the end of its training; of an older run, which has no such file, nothing is said."""
    run = tmp_path / "run"
    settings = {
        "method.width": 4,
        "method.blocks": 1,
        "method.critic_width": 4,
        "training.labeller": False,
        "training.best": "none",
    }
    vv.train("cyclegan", steps=1, batch=1, size=32, out=run, quiet=True, settings=settings)
    if not stored:
        (run / FILE).unlink()
    model = vv.load(run)
    assert (model.familiarity is not None) == stored
    for place, images in open_dataset("avatars:glasses", 32).splits["test"].items():
        assert not doubt(model, Layers(images.pixels[0]), place)
        assert bool(doubt(model, Layers(fitted(crops()[0], (32, 32))), place)) == stored


def toy(count: int, channels: int = 3, bits: int = 8) -> Dataset:
    """Disks of any color on gray, and squares of noise beside them."""
    generator = np.random.default_rng(count)
    inside = np.hypot(*np.mgrid[-12:12, -12:12]) < 8
    colors = generator.integers(40, 216, (count, 1, 1, channels))
    pixels = np.where(inside[None, ..., None], colors, 128).astype(np.uint8)
    pixels = pixels.astype(np.uint16) * 257 if bits == 16 else pixels
    images = Images(pixels, None, tuple(map(str, range(count))))
    return Dataset(
        f"toy-{count}-{channels}-{bits}", Space({"disks": ImageSpec(channels, 24, 24, bits=bits)}), {"train": {"disks": images}}
    )


@pytest.mark.parametrize("dataset", [lambda: toy(60), lambda: toy(60, 1), lambda: toy(60, 4, 16), lambda: toy(60, 3, 16)])
def test_images_of_any_channels_and_depth(dataset: Callable[[], Dataset], tmp_path: Path) -> None:
    data = dataset()
    save_familiarity(data, tmp_path / FILE)
    known = load_familiarity(tmp_path / FILE)
    assert known is not None and len((tmp_path / FILE).read_bytes()) < 1e5
    pixels = data.splits["train"]["disks"].pixels
    assert np.mean([known.distances([image], ["disks"])[0] > 1 for image in pixels]) < 0.1
    noise = np.random.default_rng(0).integers(0, np.iinfo(pixels.dtype).max, pixels.shape[1:]).astype(pixels.dtype)
    assert known.distances([noise], ["disks"])[0] > 3
    assert known.distances([noise], ["elsewhere"])[0] == 0, "nothing is known, and nothing said"


def test_of_few_images_nothing_is_known() -> None:
    assert not familiarity_of(toy(39)).spaces


def test_the_file_is_the_same_whenever_it_is_made_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        save_familiarity(toy(60), path)
    assert one.read_bytes() == other.read_bytes()
    one.write_bytes(b"no")
    with pytest.raises(vv.UsageError, match=r"cannot read '.*one' \(.*\): remove it"):
        load_familiarity(one)


@dataclass(frozen=True)
class Persons:
    """Their images, each drawn when it is asked for: some of 9,000 are."""

    numbers: range

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, row: int) -> Pixels:
        person = [self.numbers[row]]
        return render(person, labels_of(person), 64)[0]


def test_the_packaged_file_is_of_the_packaged_data() -> None:
    splits = {split: {"avatars": Images(cast(Pixels, Persons(persons)), None, ())} for split, persons in SPLITS.items()}
    data = Dataset("avatars-64-v1", Space({"avatars": ImageSpec(3, 64, 64)}), splits)
    stored, made = load_familiarity(packaged_folder("avatars") / FILE), familiarity_of(data)
    assert stored is not None
    limits = [float(each.spaces["avatars"].limit[0]) for each in (stored, made)]
    assert limits[0] == pytest.approx(limits[1], rel=0.02)
    assert doubt(replace(avatars(), familiarity=None), Layers(crops()[0]), "avatars") == ""


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (4, 4), (8, 8), (9, 70)])
@pytest.mark.filterwarnings("error")
def test_images_of_any_size(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, *size, 3)).astype(np.uint8)
    images = Images(pixels, None, tuple(map(str, range(50))))
    data = Dataset("toy", Space({"toy": ImageSpec(3, *size)}), {"train": {"toy": images}})
    assert np.isfinite(familiarity_of(data).distances(pixels, ["toy"])).all()


@pytest.mark.filterwarnings("error")
def test_images_that_are_all_alike() -> None:
    pixels = np.full((50, 16, 16, 3), 200, np.uint8)
    data = Dataset(
        "toy", Space({"toy": ImageSpec(3, 16, 16)}), {"train": {"toy": Images(pixels, None, tuple(map(str, range(50))))}}
    )
    known = familiarity_of(data)
    assert known.distances(pixels[:1], ["toy"])[0] <= 1 < known.distances(255 - pixels[:1], ["toy"])[0]
