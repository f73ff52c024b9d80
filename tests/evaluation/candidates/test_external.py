"""What is asked of images translated elsewhere, and their answers: measured as the outputs of the translator that made them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.external import external, table, write_chains
from viceversa.images.decoding import decode
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import DIRECTIONS, LINKS, Place, Trial, Way, translating, trial

RGB, GRAY = ImageSpec(3, 8, 8), ImageSpec(1, 6, 6)
ATTRIBUTES = OneOf("hair", ("black", "blond")), Binary("glasses"), Graded("age", 5, 20, 60)
Step = Callable[[Tensor, dict[str, str]], Tensor]


def noise(count: int, spec: ImageSpec = RGB) -> Pixels:
    return np.random.default_rng(count).integers(0, 256, (count, spec.height, spec.width, spec.channels), np.uint8)


def faces(count: int = 3, spec: ImageSpec = RGB) -> Trial:
    space = Space({"faces": spec}, ATTRIBUTES)
    labels = space.draw(count, torch.Generator().manual_seed(0))
    return trial(Dataset("toy", space, {"test": {"faces": Images(noise(count, spec), labels, tuple(map(str, range(count))))}}))


def between(home: ImageSpec, away: ImageSpec) -> Trial:
    splits = {"test": {"day": Images(noise(2, home), None, ("a", "b")), "night": Images(noise(2, away), None, ("a", "b"))}}
    return trial(Dataset("toy", Space({"day": home, "night": away}), splits))


def rows(task: Trial, way: Way) -> list[str]:
    return [",".join(row) for row in table(task, way)]


def answer(folder: Path, link: str, step: Step) -> None:
    """What a user's script does: the table's rows, one after the other, each on what the one before made."""
    with (folder / "chains.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["step"] == "1":
                image = normalized(torch.tensor(decode(folder / "sources" / f"{row['id']}.png"))[None])
            image = step(image, row)
            path = folder / link / row["id"] / f"{row['direction']}{row['cycles']}" / f"{row['step']}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = quantized(image)
            Image.fromarray(pixels[0] if pixels.shape[3] == 3 else pixels[0, ..., 0]).save(path)
            if link == "8bit":
                image = normalized(torch.from_numpy(pixels))


def nudged(image: Tensor, amount: float) -> Tensor:
    """Some levels and a bit more: what rounding changes."""
    return image + (amount + 0.35) / 127.5


def made(outputs: object) -> dict[Place, Pixels]:
    parts = [places for _, places in outputs]  # type: ignore[attr-defined]
    return {place: np.concatenate([part[place] for part in parts]) for place in parts[0]}


def test_the_table_asks_for_each_translation_of_each_chain() -> None:
    labels, inverted = torch.tensor([[1, 0, 0, 0.25]]), torch.tensor([[0, 1.0, 1, 0.75]])
    targets = torch.tensor([[[0, 1, 0, 0.5]], [[1.0, 0, 1, 1]]])
    task = Trial(faces(1).dataset, "faces", "faces", noise(1), np.array([7]), labels, inverted, targets)
    assert rows(task, Way(1, 2)) == [
        "id,direction,cycles,step,hair,glasses,age",
        "000007,inv,0,1,blond,yes,50",
        "000007,inv,1,1,blond,no,40",
        "000007,inv,1,2,blond,yes,50",
        "000007,rec,0,1,black,no,30",
        "000007,rec,1,1,blond,no,40",
        "000007,rec,1,2,black,no,30",
        "000007,step,2,1,blond,no,40",
        "000007,step,2,2,black,yes,60",
    ]


def test_between_spaces_the_table_goes_back_and_forth() -> None:
    first = [row.removeprefix("000000,") for row in rows(between(RGB, RGB), Way(1)) if not row.startswith("000001")]
    assert first == [
        "id,direction,cycles,step,space",
        *("inv,0,1,night", "inv,1,1,night", "inv,1,2,day", "inv,1,3,night", "rec,0,1,day", "rec,1,1,night", "rec,1,2,day"),
    ]
    assert not any("rec,0" in row for row in rows(between(RGB, GRAY), Way(1))), "undefined"


@pytest.mark.parametrize("link", ["8bit", "float"])
def test_answers_are_measured_as_the_translator_itself(tmp_path: Path, link: str) -> None:
    task, way = faces(), Way(2, 3 if link == "8bit" else 0)

    def translate(image: Tensor, source: Domain, target: Domain) -> Tensor:
        assert target.label is not None
        return torch.cat([nudged(each[None], 20 * label[2].item() - 9) for each, label in zip(image, target.label, strict=True)])

    assert write_chains(task, way, tmp_path) == len(task) * (2 * (1 + 2 + 3) + way.steps)
    answer(tmp_path, link, lambda image, row: nudged(image, 20 * (row["glasses"] == "yes") - 9))
    found = made(external(tmp_path).outputs(task, way))
    whole = made(translating(translate).outputs(task, way))
    expected = {place: pixels for place, pixels in whole.items() if place.link == link or not place.cycles}
    assert found.keys() == expected.keys() and len(found) == 8 + way.steps
    assert all(np.array_equal(pixels, expected[place]) for place, pixels in found.items())


@pytest.mark.parametrize("away", [RGB, GRAY])
def test_answers_between_spaces(tmp_path: Path, away: ImageSpec) -> None:
    task, way = between(RGB, away), Way(2)

    def moved(image: Tensor, space: str) -> Tensor:
        spec = task.dataset.space.images[space]
        return nudged(image.mean().expand(1, *spec.shape), 1)

    def translate(image: Tensor, source: Domain, target: Domain) -> Tensor:
        return torch.cat([moved(each[None], target.space) for each in image])

    write_chains(task, way, tmp_path)
    for link in ("8bit", "float"):
        answer(tmp_path, link, lambda image, row: moved(image, row["space"]))
    found, expected = made(external(tmp_path).outputs(task, way)), made(translating(translate).outputs(task, way))
    assert found.keys() == expected.keys()
    assert all(np.array_equal(pixels, expected[place]) for place, pixels in found.items())


def write(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    """Of three faces, k = 0 and 1, in 8 bits: the sources, and the last steps only."""
    write_chains(faces(), Way(1), tmp_path)
    for row in list(table(faces(), Way(1)))[1:]:
        if int(row[3]) == int(row[2]) + 1:
            write(tmp_path / "8bit" / row[0] / f"{row[1]}{row[2]}" / f"{row[3]}.png", faces().sources[int(row[0])])
    return tmp_path


def test_at_no_cycles_both_links_have_one_answer(answered: Path) -> None:
    task = faces()
    for number in range(3):
        for direction in ("inv", "rec"):
            write(answered / "float" / f"{number:06d}" / f"{direction}1" / "2.png", task.sources[number])
    ((where, places),) = external(answered).outputs(task, Way(1))
    assert where == slice(0, 3) and len(places) == 8
    assert places[Place("inv", 0, "8bit")] is places[Place("inv", 0, "float")]
    assert places[Place("inv", 1, "8bit")] is not places[Place("inv", 1, "float")]


def test_what_is_missing_is_said_before_an_image_is_read(answered: Path) -> None:
    (answered / "8bit" / "000000" / "inv0" / "1.png").write_bytes(b"not read")
    for number in range(1, 3):
        (answered / "8bit" / f"{number:06d}" / "rec1" / "2.png").unlink()
    with pytest.raises(UsageError, match=r"has no '8bit/000001/rec1/2.png', nor 1 more of 12 answers\.$"):
        external(answered).outputs(faces(), Way(1))
    external(answered).outputs(faces().of(range(1)), Way(1))  # for the first image nothing is missing


def test_steps_are_answers_in_8_bits(answered: Path) -> None:
    (answered / "chains.csv").unlink()
    with pytest.raises(UsageError, match=r"has no '8bit/000000/step2/1.png', nor 5 more of 18 answers"):
        external(answered).outputs(faces(), Way(1, 2))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (np.zeros((8, 9, 3), np.uint8), "has 9 x 8 px with 3 channels, not 8 x 8 px with 3."),
        (np.zeros((8, 8), np.uint8), "has 8 x 8 px with 1 channels, not 8 x 8 px with 3."),
        (b"no image", "cannot read the image"),
    ],
)
def test_wrong_answers(answered: Path, content: Pixels | bytes, said: str) -> None:
    path = answered / "8bit" / "000001" / "inv1" / "2.png"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        write(path, content)
    with pytest.raises(UsageError) as error:
        list(external(answered).outputs(faces(), Way(1)))
    assert said in str(error.value) and "000001/inv1/2.png" in str(error.value) and "\n" not in str(error.value)


def test_answers_of_16_bits_and_with_alpha(answered: Path) -> None:
    task = faces()
    color = Image.fromarray(task.sources[0]).convert("RGBA")
    color.save(answered / "8bit" / "000000" / "inv0" / "1.png")
    assert np.array_equal(made(external(answered).outputs(task, Way(0)))[Place("inv", 0, "8bit")], task.sources)
    gray = faces(2, GRAY)
    for number in range(2):
        for direction in ("inv", "rec"):
            write(
                answered / "gray" / "8bit" / f"{number:06d}" / f"{direction}0" / "1.png",
                gray.sources[number, ..., 0] * np.uint16(257),
            )
    assert np.array_equal(made(external(answered / "gray").outputs(gray, Way(0)))[Place("rec", 0, "8bit")], gray.sources)


@pytest.mark.parametrize(
    ("task", "way", "said"),
    [
        (faces(), Way(2), "is not of 3 samples, 2 cycles and 0 steps of toy: it has no row '000000,inv,2,1'."),
        (faces(), Way(1, 4), "it has no row '000000,step,4,1'."),
        (faces(4), Way(1), "does not match toy: it has '000000"),  # of more images others are drawn
        (between(RGB, RGB), Way(1), "does not match toy: it has 'id,direction,cycles,step,hair,glasses,age' where"),
    ],
)
def test_tables_that_do_not_match(answered: Path, task: Trial, way: Way, said: str) -> None:
    with pytest.raises(UsageError) as error:
        external(answered).outputs(task, way)
    assert "chains.csv' " in str(error.value) and said in str(error.value)


def test_damaged_tables_and_sources(answered: Path) -> None:
    path = answered / "chains.csv"
    text = path.read_text()
    path.write_text(text.replace("000002,rec,1,2,", "000002,rec,1,2,n", 1))
    with pytest.raises(UsageError, match=r"it has '000002,rec,1,2,nbl.*' where '000002,rec,1,2,bl.*' is expected"):
        external(answered).outputs(faces(), Way(1))
    path.write_bytes(b"\xff\xff")
    with pytest.raises(UsageError, match=r"chains\.csv' is not a CSV file in UTF-8"):
        external(answered).outputs(faces(), Way(1))
    path.write_text(text)
    write(answered / "sources" / "000000.png", noise(1)[0])
    with pytest.raises(UsageError, match=r"000000\.png' is not the first test image of toy: give the `data` and `size`"):
        external(answered).outputs(faces(), Way(1))


def test_fewer_images_and_cycles_than_were_asked_for(answered: Path) -> None:
    found = made(external(answered).outputs(faces().of(range(2)), Way(0)))
    assert found.keys() == {Place(direction, 0, link) for direction in DIRECTIONS for link in LINKS}
    assert {len(pixels) for pixels in found.values()} == {2}


def test_images_come_batch_by_batch(tmp_path: Path) -> None:
    task = faces(150)
    for number in range(150):
        for direction in ("inv", "rec"):
            write(tmp_path / "8bit" / f"{number:06d}" / f"{direction}0" / "1.png", task.sources[number])
    parts = list(external(tmp_path).outputs(task, Way(0)))
    assert [where for where, _ in parts] == [slice(0, 100), slice(100, 150)]
    assert np.array_equal(parts[1][1][Place("rec", 0, "8bit")], task.sources[100:])


def test_sources_come_back_and_the_table_is_last(tmp_path: Path) -> None:
    deep = faces(2, ImageSpec(5, 4, 6))
    write_chains(deep, Way(0), tmp_path / "deep")
    assert np.array_equal(decode(tmp_path / "deep" / "sources" / "000001.tif"), deep.sources[1])
    (tmp_path / "half" / "sources" / "000001.png").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_chains(faces(), Way(0), tmp_path / "half")
    assert (tmp_path / "half" / "sources" / "000000.png").exists() and not (tmp_path / "half" / "chains.csv").exists()


def test_an_attribute_called_as_a_column(tmp_path: Path) -> None:
    space = Space({"faces": RGB}, (Binary("step"), Binary("b")))
    images = Images(noise(2), torch.tensor([[0.0, 1], [1, 0]]), ("a", "b"))
    with pytest.raises(UsageError, match=r"the attribute 'step' has the name of a column of chains\.csv: rename it"):
        write_chains(trial(Dataset("toy", space, {"test": {"faces": images}})), Way(0), tmp_path / "new")
    assert not (tmp_path / "new").exists()
