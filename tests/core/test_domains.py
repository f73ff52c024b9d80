"""The space: labels as columns of attributes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError

SPEC = ImageSpec(3, 8, 10)
FACES = Space({"faces": SPEC}, (OneOf("hair", ("black", "blond", "brown")), Binary("glasses"), Graded("tone")))
LABEL = torch.tensor([[1, 0, 0, 1, 0.25], [0, 0, 1, 0, 0.75]])


def test_columns() -> None:
    assert SPEC.shape == (3, 8, 10) and FACES.label_width == 5
    parts = {attribute.name: values.tolist() for attribute, values in FACES.columns(LABEL)}
    assert parts == {"hair": [[1, 0, 0], [0, 0, 1]], "glasses": [[1], [0]], "tone": [[0.25], [0.75]]}


def test_parse_and_describe() -> None:
    assert FACES.parse("hair=blond, glasses=yes") == {"hair": [0, 1, 0], "glasses": [1]}
    assert FACES.parse("") == {}
    words = FACES.describe(LABEL)
    assert words == ["hair=black,glasses=yes,tone=0.25", "hair=brown,glasses=no,tone=0.75"]
    assert torch.equal(torch.cat([FACES.edited(LABEL[:1] * 0, word) for word in words]), LABEL)


def test_edited_keeps_what_is_not_named() -> None:
    before = LABEL.clone()
    assert FACES.edited(LABEL, "hair=blond,tone=1").tolist() == [[0, 1, 0, 1, 1], [0, 1, 0, 0, 1]]
    assert torch.equal(FACES.edited(LABEL, ""), LABEL) and torch.equal(LABEL, before)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("glases=yes", "unknown attribute 'glases'. Did you mean 'glasses'? Known: hair, glasses, tone"),
        ("beard=yes", "Known: hair, glasses, tone"),
        ("glasses", "attribute=value"),
        ("hair=", "Known: black, blond, brown"),
    ],
)
def test_what_cannot_be_parsed(text: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        FACES.edited(LABEL, text)
    assert told in str(error.value)


def test_losses_add_up_over_attributes_and_are_averaged_over_images() -> None:
    logits = torch.zeros(2, 5)
    assert FACES.classification(logits, LABEL).item() == pytest.approx(math.log(3) + 2 * math.log(2))
    logits[0, 3] = 2  # glasses, which the first image wears: log(1 + e^-2) instead of log 2
    change = (math.log1p(math.exp(-2)) - math.log(2)) / 2
    assert FACES.classification(logits, LABEL).item() == pytest.approx(math.log(3) + 2 * math.log(2) + change)


def test_reading_and_agreeing() -> None:
    read = FACES.read(torch.tensor([[9.0, 0, 0, -1, 0], [1, 2, 3, -1, 99]]))
    assert read.tolist() == [[1, 0, 0, 0, 0.5], [0, 0, 1, 0, 1]]
    assert FACES.agrees(read, LABEL).tolist() == [[True, False, True], [True, True, True]]


def test_inverted_and_drawn_attribute_by_attribute() -> None:
    inverted = FACES.invert(LABEL, Generator().manual_seed(0))
    assert inverted[:, 3:].tolist() == [[0, 0.75], [1, 0.25]] and inverted[:, :3].sum(1).tolist() == [1, 1]
    drawn = FACES.draw(6, Generator().manual_seed(0))
    assert drawn.shape == (6, 5) and (drawn[:, :3].sum(1) == 1).all()


def test_only_and_pair() -> None:
    two = Space({"summer": SPEC, "winter": SPEC})
    three = Space({"summer": SPEC, "winter": SPEC, "spring": SPEC})
    assert FACES.only == "faces" and two.pair == ("summer", "winter")
    for refused in (lambda: two.only, lambda: FACES.pair, lambda: three.pair):
        with pytest.raises(UsageError, match=r"takes (one space|two spaces) of images; the data has \d: (faces|summer, winter)"):
            refused()


SETS = Space(
    {"faces": ImageSpec(3, 8, 8), "moods": ImageSpec(3, 8, 8)},
    (Binary("beard"), OneOf("mood", ("calm", "glad", "sad"))),
    {"faces": ("beard",), "moods": ("mood",)},
)


def test_a_code_says_whose_attributes_are_meant() -> None:
    label = torch.tensor([[1.0, 0, 0, 0]])
    assert SETS.code_width == 6 and SETS.label_width == 4
    assert SETS.code(Domain("faces", label)).tolist() == [[1, 0, 0, 0, 1, 0]]
    assert SETS.code(Domain("moods", label)).tolist() == [[1, 0, 0, 0, 0, 1]]
    with pytest.raises(ValueError, match="has a label"):
        SETS.code(Domain("faces"))


def test_the_logits_of_another_set_have_no_gradient() -> None:
    logits = torch.zeros(2, 4, requires_grad=True)
    label = torch.tensor([[1.0, 0, 0, 0], [0.0, 0, 0, 0]])
    loss = SETS.classification(logits, label, "faces")
    assert loss.item() == pytest.approx(math.log(2))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[:, 0].tolist() == [-0.25, 0.25] and not gradient[:, 1:].any()


def test_sets_for_one_generator_are_of_one_size() -> None:
    assert SETS.spec == ImageSpec(3, 8, 8)
    larger = Space({**SETS.images, "moods": ImageSpec(3, 16, 16)}, SETS.attributes, SETS.known)
    with pytest.raises(UsageError, match="faces 3x8x8, moods 3x16x16"):
        _ = larger.spec
