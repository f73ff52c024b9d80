"""The experiment with digits: its losses by hand, its page, and a small training that shows that all of it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from contracts.case import UNALIKE, batch_for
from data.small_digits import small_mnist, small_svhn
from experiments.common import DOCS, read_json
from experiments.digits import hardness, train
from experiments.digits.polarity import Likeness, Polarity, correlation, enlarged, enlarging, faithful, indifferent, shrunk
from losses.walks import journey
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.methods.cyclegan import CycleGAN


def test_polarity_by_hand() -> None:
    """T(y) = y + .1 at y = .3: |(-.3 + .1) - (.3 + .1)| = .6; |y| does not care."""
    image = torch.full((2, 1, 4, 4), 0.3)
    assert Polarity("photos")(journey(lambda y: y + 0.1, image=image)).item() == pytest.approx(0.6)
    assert Polarity("photos")(journey(torch.abs, image=image)).item() == 0
    assert Polarity("other")(journey(lambda y: y + 0.1, image=image)).item() == 0


def test_polarity_is_of_the_second_space_and_reaches_its_generator_alone() -> None:
    torch.manual_seed(0)
    method = indifferent(UNALIKE, CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1))
    first, second = UNALIKE.pair
    drawing = method.phases[0]
    weight, loss = drawing.objective.terms["polarity"]
    subjects = [each.begin(True) for each in drawing.plan(batch_for(method, UNALIKE), Draws(0, 0))]
    sum(loss(each) for each in subjects).backward()
    into = method.translator.generators
    assert weight == 10 and any(each.grad is not None and each.grad.abs().sum() > 0 for each in into[first].parameters())
    assert all(each.grad is None for each in into[second].parameters())


def test_likeness_by_hand() -> None:
    """x = (1, 0, -1), y = (1, 1, -1), weights 1/4, 1/2, 1/4: covariance 1/2, variances 1/2 and 3/4, so r^2 = 2/3."""
    x, y, weight = torch.tensor([[1.0, 0.0, -1.0]]), torch.tensor([[1.0, 1.0, -1.0]]), torch.tensor([0.25, 0.5, 0.25])
    assert correlation(x, y, weight).square().item() == pytest.approx(2 / 3)
    assert correlation(x, torch.ones(1, 3), weight).item() == 0


def test_likeness_does_not_see_polarity_and_contrast() -> None:
    image = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert Likeness()(journey(lambda y: 0.2 - 0.5 * y, image=image)).item() == pytest.approx(0, abs=1e-5)
    assert Likeness()(journey(lambda y: y.flip(3), image=image)).item() > 0.5
    assert Likeness()(journey(torch.zeros_like, image=image)).item() == 1
    assert Likeness("photos")(journey(lambda y: 0.5 * y, image=image)).item() == pytest.approx(0, abs=1e-5)
    assert Likeness("photos")(journey(lambda y: -y, image=image)).item() == pytest.approx(2, abs=1e-5)


def test_likeness_is_of_both_ways() -> None:
    method = faithful(UNALIKE, CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1))
    drawing = method.phases[0]
    weight, loss = drawing.objective.terms["likeness"]
    for each in drawing.plan(batch_for(method, UNALIKE), Draws(0, 0)):
        assert 0 < loss(each.begin(True)).item() <= 5
    assert weight == 1 and dict(loss.weights) == dict.fromkeys(UNALIKE.pair, 5) and method.averaged == ("generators",)


def test_what_is_enlarged_is_the_middle() -> None:
    image = torch.full((1, 1, 28, 28), -1.0)
    image[..., 3:25, 3:25] = torch.linspace(-1, 1, 22)
    large = enlarged(image)
    assert large.shape == image.shape and large[0, 0, 0, [0, -1]].tolist() == [-1, 1]
    small = shrunk(large, -1)
    assert small.shape == image.shape and (small[..., 3:25, 3:25] - image[..., 3:25, 3:25]).abs().max() < 0.02  # of 2, by 27 px
    small[..., 3:25, 3:25] = -1
    assert (small == -1).all(), "the rest is background"


def test_what_is_outside_the_middle_is_neither_seen_nor_drawn() -> None:
    torch.manual_seed(0)
    method = enlarging(UNALIKE)
    hand, street = (Domain(name) for name in UNALIKE.pair)
    drawn = framed(torch.rand(2, 1, 14, 14), -0.5)
    with torch.no_grad():
        assert torch.equal(method.translator(drawn, hand, street), method.translator(framed(drawn, 1), hand, street))
        made = method.translator(torch.rand(2, 3, 16, 16), street, hand)
    background = UNALIKE.images[hand.space].background
    assert torch.equal(made, framed(made, background)) and not torch.equal(made, torch.full_like(made, background))
    image = torch.rand(2, 3, 28, 28)
    assert Likeness(enlarged="photos")(journey(lambda y: framed(y, 1, 3), image=image)).item() == pytest.approx(0, abs=1e-5)
    assert Likeness()(journey(lambda y: framed(y, 1, 3), image=image)).item() > 1e-3
    assert method.networks["generators"] is method.translator and method.phases[0].plan.translate is method.translator


def framed(image: torch.Tensor, value: float, width: int = 1) -> torch.Tensor:
    """With a frame of that value."""
    inner = image[..., width:-width, width:-width]
    return torch.nn.functional.pad(inner, [width] * 4, value=value)


def test_translator_is_trained_and_measured(tmp_path: Path) -> None:
    small_mnist(tmp_path / "small")
    small_mnist(tmp_path / "large", 32)
    places = {"runs": tmp_path / "runs", "results": tmp_path / "results"}
    data = {"mnist": str(tmp_path / "small"), "street": str(tmp_path / "large")}
    sizes = {"steps": 30, "batch": 2, "width": 2, "blocks": 1, "epochs": 1, "threads": 1}
    for until in (4, None):  # stopped, and resumed
        train.main(train.Digits(**data, **sizes, **places, name="pad-crop", until=until))
        found = read_json(tmp_path / "results" / "pad-crop.json")
        assert found["steps"] == (until or 30) and found["of"] == 30
    assert found["steps"] == 30 and found["method"]["fit"] == "pad_crop" and found["method"]["identity"] == 0
    assert list(found["ways"]) == ["mnist to street", "street to mnist"]
    for way in found["ways"].values():
        assert {0, *range(1, 6)} >= {round(5 * way[name], 6) for name in ("floor", "ceiling", "accuracy")}
        assert way["images"] == 5 == sum(map(sum, way["confusion"]))
        assert way["accuracy"] == sum(way["confusion"][digit][digit] for digit in range(10)) / 5
        assert 0 < way["cycle_l1"] < 255 and 0 < way["cycle_l1_middle"] < 255
    assert found["ways"]["mnist to street"]["cycle_l1"] == found["ways"]["mnist to street"]["cycle_l1_middle"]
    with Image.open(tmp_path / "results" / "pad-crop.png") as picture:
        assert picture.width > picture.height > 6 * 32


def test_how_far_the_sets_are_apart_is_measured(tmp_path: Path) -> None:
    small_mnist(tmp_path / "small")
    small_svhn(tmp_path / "street")
    hardness.main(hardness.Hardness(tmp_path / "small", str(tmp_path / "street"), 1, tmp_path / "runs", tmp_path / "hardness.json"))
    found = read_json(tmp_path / "hardness.json")
    assert set(found["street_read_by_mnist"]) == {f"{view}{more}" for view in ("resized", "middle") for more in ("", ", inverted")}
    assert len(list((tmp_path / "runs").glob("classifier-*.safetensors"))) == 2


def test_digits_chosen_on_test_images_are_marked() -> None:
    """And the aim, which was for both ways of one training, is not called reached by two."""
    page = (DOCS / "results" / "digits.md").read_text()
    chosen = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `") and "` †" in line}
    assert chosen == {"luminance", "loose-street", "polarity", "polarity-luminance"}
    assert "reached each way" not in page and "† Settings chosen on test images" in page
