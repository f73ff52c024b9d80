"""Attributes: their losses by hand, how they are read, inverted, drawn and written."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from viceversa.core.attributes import Attribute, Binary, Graded, OneOf
from viceversa.errors import UsageError

GLASSES, HAIR, TONE = Binary("glasses"), OneOf("hair", ("black", "blond", "brown")), Graded("tone")
every_attribute = pytest.mark.parametrize("attribute", [GLASSES, HAIR, TONE], ids=lambda attribute: attribute.kind)


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)[:, None]


def softplus(value: float) -> float:
    return math.log1p(math.exp(value))


def test_classification_by_hand() -> None:
    near = pytest.approx
    assert GLASSES.classification(column(2, 2), column(1, 0)).tolist() == near([softplus(-2), softplus(2)])
    scores = torch.log(torch.tensor([[1.0, 2.0, 5.0]])).repeat(2, 1)  # softmax 1/8, 2/8, 5/8
    assert HAIR.classification(scores, torch.eye(3)[[2, 0]]).tolist() == near([math.log(8 / 5), math.log(8)])
    assert TONE.classification(column(0, math.log(3)), column(0.25, 0.75)).tolist() == near(
        [math.log(2), -0.75 * math.log(0.75) - 0.25 * math.log(0.25)]
    )


def test_the_loss_of_a_graded_value_is_least_where_it_is_read_right() -> None:
    logit = torch.logit(column(0.25)).requires_grad_()
    TONE.classification(logit, column(0.25)).sum().backward()
    assert logit.grad is not None and logit.grad.abs().item() < 1e-6
    assert TONE.read(logit).item() == pytest.approx(0.25)


def test_read() -> None:
    assert GLASSES.read(column(-0.1, 0.1, 5)).tolist() == [[0], [1], [1]]
    assert HAIR.read(torch.tensor([[0.1, -2, 0.3], [3, -1, 2]])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert TONE.read(column(0, 100)).tolist() == [[0.5], [1]]


def test_agrees() -> None:
    assert GLASSES.agrees(column(0, 1, 1), column(0, 1, 0)).tolist() == [True, True, False]
    assert HAIR.agrees(torch.eye(3), torch.eye(3)[[0, 2, 2]]).tolist() == [True, False, True]
    assert TONE.agrees(column(0.25, 0.3, 1, 0.1), column(0.5, 0.56, 0.75, 0.4)).tolist() == [True, False, True, False]


def test_invert() -> None:
    generator = Generator().manual_seed(0)
    assert GLASSES.invert(column(0, 1), generator).tolist() == [[1], [0]]
    assert TONE.invert(column(0, 0.25, 0.5), generator).tolist() == [[1], [0.75], [0.5]]
    black = torch.eye(3)[[0] * 3000]
    shares = HAIR.invert(black, generator).mean(0)  # the source's own choice too; deviation (2/9/3000)^1/2 = .0086
    assert (shares - 1 / 3).abs().max() < 4 * 0.0086 and shares.sum() == 1


@every_attribute
def test_draws_are_uniform_and_follow_the_generator(attribute: Attribute) -> None:
    drawn, again = (attribute.draw(4000, Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(drawn, again) and drawn.shape == (4000, attribute.width)
    values, counts = drawn.unique(dim=0, return_counts=True)
    share = {"binary": 1 / 2, "one-of": 1 / 3, "graded": 1 / 5}[attribute.kind]  # type: ignore[attr-defined]
    assert len(values) == round(1 / share)
    assert (counts / 4000 - share).abs().max() < 4 * (share * (1 - share) / 4000) ** 0.5
    if attribute is TONE:
        assert values[:, 0].tolist() == [0, 0.25, 0.5, 0.75, 1]


@every_attribute
def test_what_is_described_parses_to_the_same(attribute: Attribute) -> None:
    drawn = attribute.draw(20, Generator().manual_seed(2))
    assert [attribute.parse(word) for word in attribute.describe(drawn)] == drawn.tolist()


def test_words_for_yes_and_no() -> None:
    assert [GLASSES.parse(word) for word in ("yes", "True", "1", "ON")] == [[1.0]] * 4
    assert [GLASSES.parse(word) for word in ("no", "False", "0", "off")] == [[0.0]] * 4


@pytest.mark.parametrize(
    ("attribute", "text", "known"),
    [
        (GLASSES, "perhaps", "yes, no"),
        (HAIR, "blonde", "Did you mean 'blond'? Known: black, blond, brown"),
        (TONE, "dark", "a number from 0 to 1"),
        (TONE, "1.5", "0 to 1"),
        (TONE, "nan", "0 to 1"),
        (TONE, "", "a number from 0 to 1"),
    ],
)
def test_a_wrong_value_is_told_the_right_ones(attribute: Attribute, text: str, known: str) -> None:
    with pytest.raises(UsageError) as error:
        attribute.parse(text)
    assert known in str(error.value) and text in str(error.value) and attribute.name in str(error.value)
