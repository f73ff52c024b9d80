"""CycleGAN with better cycles: the weights' values, features by hand, and CycleGAN itself where nothing is loosened."""

from __future__ import annotations

import pytest
import torch

from contracts.case import ALIKE, batch_for
from contracts.test_composition import agree, gradients, phase_losses
from losses.walks import journey
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.errors import UsageError
from viceversa.losses.cycle import WeighedCycle
from viceversa.methods import cyclegan
from viceversa.methods.better_cycles import BetterCycles, build, no_quality, quality, quality_of_source
from viceversa.networks.patch import PatchFeatures

PLAIN = cyclegan.CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, pool=3)


def tiny(**settings: object) -> Method:
    torch.manual_seed(0)
    return build(ALIKE, BetterCycles(cyclegan=PLAIN, **settings))


def test_quality_of_what_was_made() -> None:
    scores = torch.tensor([1.0, 0.5, 0, 2, -1])[:, None]
    walked = journey(lambda image: image, score=lambda image: scores, image=torch.zeros(5, 1, 2, 2))
    assert quality(walked).tolist() == pytest.approx([1, 0.75, 0.1, 0.1, 0.1])
    assert quality_of_source(walked).tolist() == [1, 0.5, 0, 1, 0]
    assert no_quality(walked).tolist() == [1] * 5


def test_quality_has_no_gradient() -> None:
    weight = torch.tensor(0.5, requires_grad=True)
    walked = journey(lambda image: image, score=lambda image: weight.expand(len(image), 1))
    assert not quality(walked).requires_grad


def test_pixels_and_features_share_the_cycle() -> None:
    """gamma .5, pixels .2 away, features .4 away: .3."""
    walked = journey(lambda image: image + 0.1)
    pixels = WeighedCycle(lambda image, domain: image, no_quality)
    features = WeighedCycle(lambda image, domain: 2 * image, no_quality)
    assert (0.5 * pixels(walked) + 0.5 * features(walked)).item() == pytest.approx(0.3)
    halved = WeighedCycle(lambda image, domain: image, lambda walked: torch.tensor([1.0, 0.5]))
    assert halved(walked).item() == pytest.approx(0.15)


def test_nothing_loosened_is_cyclegan() -> None:
    torch.manual_seed(0)
    plain, _ = phase_losses(cyclegan.build(ALIKE, PLAIN), "generators", ALIKE)
    same, _ = phase_losses(tiny(gamma=0, decay=1, quality="off"), "generators", ALIKE)
    assert plain.keys() == same.keys()
    agree(list(same.values()), list(plain.values()))


def test_generators_by_hand_at_half_time() -> None:
    method = tiny()
    phase, progress = method.phases[0], Progress(50, 100, 50, 100)
    for name, network in method.networks.items():
        network.requires_grad_(name in phase.learns)
    losses: dict[str, torch.Tensor] = {}
    for subject in phase.plan(batch_for(method, ALIKE), Draws(0, 0)):
        for name, loss in phase.objective(subject.begin(True), progress).items():
            losses[name] = losses.get(name, torch.zeros(())) + loss
    batch = batch_for(method, ALIKE)
    into, judge = method.translator.generators, method.networks["discriminators"].discriminators
    expected = dict.fromkeys(losses, torch.zeros(()))
    for here, there in (("summer", "winter"), ("winter", "summer")):
        real = batch[here].image
        made = into[there](real)
        back, score = into[here](made), judge[there](made)
        weight = (1 - (score.detach() - 1).square().flatten(1).mean(1)).clamp(0.1, 1)
        seen, wanted = judge[here][:-1](back), judge[here][:-1](real).detach()
        expected["adversarial"] = expected["adversarial"] + (score - 1).square().mean()
        expected["cycle"] = expected["cycle"] + 10 * 0.55 * (weight * (back - real).abs().flatten(1).mean(1)).mean()
        far = (weight * (seen - wanted).abs().flatten(1).mean(1)).mean()
        expected["feature_cycle"] = expected["feature_cycle"] + 10 * 0.45 * far
        expected["identity"] = expected["identity"] + 5 * (into[here](real) - real).abs().mean()
    agree([losses[name] for name in expected], list(expected.values()))
    learns = ("generators",)
    agree(gradients(sum(losses.values()), method, learns), gradients(sum(expected.values()), method, learns))


def test_features_stop_before_a_convolution() -> None:
    critic = tiny().networks["discriminators"]
    image, space = torch.randn(1, 3, 16, 16), Domain("summer")
    layers = critic.discriminators["summer"]
    assert torch.equal(PatchFeatures(critic, 1)(image, space), layers[1](layers[0](image)))
    assert torch.equal(PatchFeatures(critic, 2)(image, space), PatchFeatures(critic, 0)(image, space))
    with pytest.raises(UsageError, match="convolutions=3 is too large"):
        PatchFeatures(critic, 3)


@pytest.mark.parametrize("quality", ["made", "source"])
def test_scores_that_are_no_shares_give_no_quality(quality: str) -> None:
    with pytest.raises(UsageError, match=r"^quality=\w+ needs scores .* the loss is wgan: add `method.quality='off'`\.$"):
        build(ALIKE, BetterCycles(cyclegan=PLAIN.model_copy(update={"gan": "wgan"}), quality=quality))
    build(ALIKE, BetterCycles(cyclegan=PLAIN.model_copy(update={"gan": "wgan"}), quality="off"))
