"""What each name of a setting `gan` stands for, at hand-computed values, and how the discriminator is kept smooth."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from contracts.case import ALIKE, PHOTOS, batch_for
from contracts.gans import CYCLEGANS, GANS, PENALTIES, STARGANS
from losses.walks import journey
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey
from viceversa.core.method import Method, Optimizer
from viceversa.core.schedules import Progress, constant
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.gan_settings import Adversary, AdversarySettings, Gan, adversary_of
from viceversa.losses.penalties import R1, R2
from viceversa.methods import cyclegan, fixed_point, stargan, stgan
from viceversa.training.step import Trainee, train_step

NUMBERS = {"gradient_penalty": 10.0, "gamma": 1.0, "clip": 0.01}
FIRST = Progress(0, 10)


def named(gan: Gan) -> Adversary:
    return adversary_of(AdversarySettings(gan=gan, **NUMBERS))


def walk(real: float, fake: float) -> Journey:
    """A real image that scores `real`, a translation that scores `fake`; the score is the mean of the pixels."""
    image = torch.full((2, 3, 4, 4), real)
    return journey(lambda image: image - real + fake, score=lambda image: image.mean((1, 2, 3)), image=image)


# (D(x), D(T(x))), the discriminator's loss, the generator's
VALUES: dict[Gan, tuple[tuple[float, float], float, float]] = {
    "minimax": ((2.0, -1.0), 0.440190, -0.313262),  # softplus(-2) + softplus(-1); -softplus(-1)
    "non-saturating": ((2.0, -1.0), 0.440190, 1.313262),  # the same; softplus(1)
    "least-squares": ((0.8, 0.3), 0.065, 0.49),  # (.2^2 + .3^2) / 2; .7^2
    "wgan": ((2.0, -1.0), -3.0, 1.0),
    "wgan-gp": ((2.0, -1.0), -3.0, 1.0),
    "hinge": ((0.4, -0.2), 1.4, 0.2),  # .6 + .8; .2
    "hinge-r1": ((0.4, -0.2), 1.4, 0.2),
    "relativistic": ((0.5, -0.5), 0.313262, 1.313262),  # softplus(-1); softplus(1)
}


def test_the_names_are_those_that_recipes_store() -> None:
    assert set(VALUES) == set(GANS) == set(get_args(Gan))


@pytest.mark.parametrize("gan", GANS)
def test_losses(gan: Gan) -> None:
    scores, discriminator, generator = VALUES[gan]
    walked = walk(*scores)
    assert Discriminate(named(gan).gan)(walked).item() == pytest.approx(discriminator, abs=1e-6)
    assert Fool(named(gan).gan)(walked).item() == pytest.approx(generator, abs=1e-6)


def test_penalties() -> None:
    """A linear score with a slope of norm 5: 10 (5 - 1)^2 = 160; R1 and R2 4 * 25 / 2 = 50 at every 4th step, 0 between."""
    weight = torch.zeros(48)
    weight[:2] = torch.tensor([3.0, 4.0])
    walked = journey(lambda image: image, score=lambda image: image.flatten(1) @ weight)

    def value(gan: Gan, progress: Progress, name: str = "penalty") -> float:
        weigh, loss = named(gan).penalty[name]
        return float((weigh(progress) if callable(weigh) else weigh) * loss(walked))

    assert value("wgan-gp", FIRST) == pytest.approx(160, rel=1e-5)
    assert value("hinge-r1", FIRST) == pytest.approx(50, rel=1e-5)
    assert value("hinge-r1", Progress(3, 10)) == 0
    assert value("relativistic", FIRST) == value("relativistic", FIRST, "penalty_of_fakes") == pytest.approx(50, rel=1e-5)
    assert not any(named(gan).penalty for gan in GANS if gan not in PENALTIES)
    assert not any(adversary_of(AdversarySettings(gan=gan, gamma=0)).penalty for gan in ("hinge-r1", "relativistic"))


def test_each_penalty_is_of_its_own_images() -> None:
    """A score of half the square of the pixels' sum of 48: its gradient in each pixel is that sum. Real pixels 1/48: 48 1^2 / 2;
    generated ones 2/48: 48 2^2 / 2."""
    image = torch.full((2, 3, 4, 4), 1 / 48)
    walked = journey(lambda image: 2 * image, score=lambda image: image.flatten(1).sum(1).square() / 2, image=image)
    assert R1()(walked).item() == pytest.approx(24, rel=1e-5)
    assert R2()(walked).item() == pytest.approx(96, rel=1e-5)


def test_weight_clipping_goes_without_momentum() -> None:
    """One weight of 0.5 with gradient 2. RMSprop's first step: lr g / sqrt(.01 g^2) = 10 lr, so 0.5 - 0.1 = 0.4; clipped, 0.3."""
    settings = adversary_of(AdversarySettings(gan="wgan", **(NUMBERS | {"clip": 0.3}))).optimizer(Optimizer(0.01))
    network = torch.nn.Linear(1, 1, bias=False)
    optimizer = settings.build(network)
    network.weight.data.fill_(0.5)
    (2 * network.weight).sum().backward()
    optimizer.step()
    assert network.weight.item() == pytest.approx(0.4, abs=1e-6)
    assert (type(optimizer), settings.clamp) == (torch.optim.RMSprop, 0.3)
    for gan in GANS:
        if gan != "wgan":
            assert named(gan).optimizer(Optimizer(0.01)) == Optimizer(0.01)


def steps(method: Method, space: Any, count: int = 1) -> dict[str, float]:
    losses: dict[str, float] = {}
    for number in range(count):
        losses = train_step(Trainee(method), batch_for(method, space), Draws(0, number), Progress(number, 10))
    return losses


def built(name: str, gan: Gan) -> tuple[Method, Any]:
    torch.manual_seed(0)
    if name == "stargan":
        return stargan.build(PHOTOS, STARGANS[gan]), PHOTOS
    return cyclegan.build(ALIKE, CYCLEGANS[gan]), ALIKE


def weights(method: Method, kind: str) -> list[Tensor]:
    return [
        weight.abs().max() for name in method.networks if name.startswith(kind) for weight in method.networks[name].parameters()
    ]


@pytest.mark.parametrize("name", ["stargan", "cyclegan"])
def test_the_discriminator_alone_is_clipped(name: str) -> None:
    method, space = built(name, "wgan")
    steps(method, space)
    assert max(weights(method, "discriminator")) <= 0.01 < max(weights(method, "generator"))
    other, space = built(name, "wgan-gp")
    steps(other, space)
    assert max(weights(other, "discriminator")) > 0.01


@pytest.mark.parametrize("gan", GANS)
@pytest.mark.parametrize("name", ["stargan", "cyclegan"])
def test_the_losses_of_a_step_are_of_that_name(name: str, gan: Gan) -> None:
    """Least squares and hinge cannot be negative, -softplus cannot be positive; only some have a penalty."""
    method, space = built(name, gan)
    generator, discriminator = (next(each for each in method.networks if each.startswith(kind)) for kind in ("gen", "disc"))
    losses = steps(method, space, 5)
    assert losses[f"{generator}/adversarial"] != 0
    assert (losses[f"{generator}/adversarial"] < 0) or gan not in ("minimax",)
    assert (losses[f"{discriminator}/adversarial"] > 0) or gan in ("wgan", "wgan-gp")
    assert (f"{discriminator}/penalty" in losses) == (gan in PENALTIES)


@pytest.mark.parametrize("method", [stargan.StarGAN, cyclegan.CycleGAN])
def test_another_name_is_refused_and_the_defaults_are_as_before(method: type[stargan.StarGAN | cyclegan.CycleGAN]) -> None:
    assert method().gan == ("wgan-gp" if method is stargan.StarGAN else "least-squares")
    with pytest.raises(ValidationError, match="non-saturating"):
        method(gan="vanilla")


def test_recipes_of_before_are_read_as_they_were_meant() -> None:
    """Settings without the newer names: as they were stored."""
    old = stargan.StarGAN.model_validate({"kind": "stargan", "gan": "hinge-r1", "gradient_penalty": 10.0, "gamma": 1.0})
    assert (old.gan, old.clip) == ("hinge-r1", 0.01)
    assert cyclegan.CycleGAN.model_validate({"kind": "cyclegan", "pool": 50, "learning_rate": 2e-4}).gan == "least-squares"


@pytest.mark.parametrize("gan", ["hinge-r1", "wgan"])
@pytest.mark.parametrize("rate", [None, 4e-4])
def test_a_learning_rate_of_the_discriminators_own(gan: Gan, rate: float | None) -> None:
    for build, settings, space in (
        (stargan.build, STARGANS[gan], PHOTOS),
        (cyclegan.build, CYCLEGANS[gan], ALIKE),
        (stgan.build, stgan.STGAN(width=4, critic_width=4, gan=gan), PHOTOS),
        (fixed_point.build, fixed_point.FixedPointGAN(width=4, blocks=1, critic_width=4, gan=gan), PHOTOS),
    ):
        method = build(space, settings.model_copy(update={"learning_rate": 1e-4, "critic_learning_rate": rate}))
        rates = {name[:3]: optimizer.lr for name, optimizer in method.optimizers.items()}
        assert rates == {"gen": 1e-4, "dis": rate or 1e-4}
    assert stargan.StarGAN().critic_learning_rate is None
    with pytest.raises(ValidationError, match="greater than 0"):
        stargan.StarGAN(critic_learning_rate=0.0)


def test_the_first_step_of_adam_is_as_long_as_its_rate() -> None:
    """Adam's first step moves a weight by its rate: so the discriminator's moves by 3e-3, the generator's by 1e-3."""
    torch.manual_seed(0)
    rates = {"learning_rate": 1e-3, "critic_learning_rate": 3e-3}
    method = cyclegan.build(ALIKE, CYCLEGANS["least-squares"].model_copy(update=rates), decay=constant)
    before = {name: [weight.clone() for weight in network.parameters()] for name, network in method.networks.items()}
    steps(method, ALIKE)
    for name, expected in (("generators", 1e-3), ("discriminators", 3e-3)):
        moved = [(old - new).abs().max().item() for old, new in zip(before[name], method.networks[name].parameters(), strict=True)]
        assert max(moved) == pytest.approx(expected, rel=1e-3)
