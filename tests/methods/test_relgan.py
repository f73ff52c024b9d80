"""RelGAN: its losses by hand, its norm, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from contracts.case import ALIKE, PHOTOS, batch_for
from contracts.test_composition import agree, gradients, phase_losses
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey, Judgment
from viceversa.core.method import Method
from viceversa.core.plans import relabeled
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.losses.cycle import Cycle, Identity
from viceversa.losses.multicycle import multicyclic
from viceversa.methods.relgan import Interpolate, Match, RelGAN, TellMatches, build
from viceversa.networks.relgan import RelativeDiscriminator
from viceversa.networks.switchable import SwitchableNorm

TINY = RelGAN(width=4, blocks=1, critic_width=4)
BATCH = 4


def tiny() -> Method:
    torch.manual_seed(0)
    return build(PHOTOS, TINY)


@dataclass(frozen=True)
class Reading:
    """A discriminator that reads the strength which `painting` has put into the image. told: what it says of a strength."""

    told: str = "strength"

    def __call__(self, image: Tensor, domain: Domain) -> Judgment:
        return Judgment(image.mean((1, 2, 3), keepdim=True))

    def interpolation(self, judgment: Judgment) -> Tensor:
        return torch.minimum(judgment.score, 1 - judgment.score) if self.told == "distance" else judgment.score

    def match(self, before: Judgment, after: Judgment, change: Tensor) -> Tensor:
        return torch.ones(len(change), 1, 1, 1) if self.told == "yes" else torch.zeros(len(change), 1, 1, 1)


def painting(image: Tensor, source: Domain, target: Domain) -> Tensor:
    """Paints the change of the first label column: 0 for no edit, s for an edit of strength s, 1 for a whole one."""
    assert source.label is not None and target.label is not None
    return (target.label - source.label)[:, :1, None, None].expand_as(image)


def painted(critic: Reading) -> tuple[Journey, Tensor]:
    """A journey from label 0 to label 1, and the strengths that it draws."""
    images = [Example(torch.zeros(6, 3, 8, 8), Domain("photos", torch.full((6, 1), float(place > 0)))) for place in range(3)]
    draws = Draws(0, 0)
    journey = Journey(
        images[0], lambda number: images[1].domain, translate=painting, discriminate=critic, draws=draws, examples=images[1:]
    )
    shares = draws.uniform("strength", images[0].image, 1)[:, 0]
    assert 0 < (shares < 0.5).sum() < 6
    return journey, shares


def test_a_critic_that_tells_every_strength_has_no_loss() -> None:
    journey, _ = painted(Reading("distance"))
    assert Interpolate(Reading("distance"), learn=True)(journey) < 1e-12  # type: ignore[arg-type]


def test_interpolation_by_hand() -> None:
    critic = Reading()
    journey, shares = painted(critic)
    strong = [(share - (1 - share)) ** 2 + 1 for share in shares.tolist() if share >= 0.5]  # the whole edit reads as 1, not 0
    assert torch.isclose(Interpolate(critic, learn=True)(journey), torch.tensor(sum(strong) / 6))  # type: ignore[arg-type]
    assert torch.isclose(Interpolate(critic)(journey), shares.square().mean())  # type: ignore[arg-type]


def test_one_pair_matches_and_five_do_not() -> None:
    for told, of_critic, of_generator in (("yes", 5.0, 0.0), ("no", 1.0, 1.0)):
        critic = Reading(told)
        journey, _ = painted(critic)
        assert TellMatches(critic)(journey) == of_critic  # type: ignore[arg-type]
        assert Match(critic)(journey) == of_generator  # type: ignore[arg-type]


def test_who_changes_nothing_has_no_reconstruction_losses() -> None:
    image = torch.rand(2, 3, 8, 8)
    here, there = Domain("photos", torch.zeros(2, 1)), Domain("photos", torch.ones(2, 1))
    journey = Journey(
        Example(image, here),
        lambda number: there,
        translate=lambda image, source, target: image,
        discriminate=Reading(),
        draws=Draws(0, 0),
    )
    assert Cycle()(journey) == Identity()(journey) == 0


def test_discriminator() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "discriminator", PHOTOS)

    batch, draws = batch_for(method, PHOTOS), Draws(0, 0)
    (a, b, c), (one, two, three) = zip(*((batch[name].image, batch[name].domain.label) for name in "abc"), strict=True)
    generate, critic = method.translator.network, method.networks["discriminator"]
    share = draws.uniform("strength", a, 1)
    with torch.no_grad():
        made, between, still = generate(a, two - one), generate(a, share * (two - one)), generate(a, 0 * one)
    seen = {name: critic.trunk(image) for name, image in (("a", a), ("b", b), ("c", c), ("made", made))}

    def match(before: str, after: str, change: Tensor) -> Tensor:
        tiled = change[:, :, None, None].expand(-1, -1, *seen["a"].shape[2:])
        return critic.matching(torch.cat([seen[before], seen[after], tiled], 1))

    adversarial = (critic.adversarial(seen["b"]) - 1).square().mean() + critic.adversarial(seen["made"]).square().mean()
    wrong = [match("a", "made", two - one), match("c", "b", two - one), match("a", "c", two - one)]
    wrong += [match("a", "b", three - one), match("a", "b", two - three)]
    matching = (match("a", "b", two - one) - 1).square().mean() + sum(score.square().mean() for score in wrong)
    place = draws.uniform("gradient penalty", a, 1, 1, 1)
    mixed = (place * a + (1 - place) * made).requires_grad_()
    (slope,) = torch.autograd.grad(critic.adversarial(critic.trunk(mixed)).sum(), mixed, create_graph=True)
    penalty = 150 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
    total = torch.zeros(())
    for row in range(BATCH):
        strength = share[row, 0]
        read = [critic.interpolated(critic.trunk(image[row : row + 1])).mean(1) for image in (between, still, made)]
        weak = strength < 0.5
        error = (read[0] - (strength if weak else 1 - strength)).square() + (read[1] if weak else read[2]).square()
        total = total + error.mean() / BATCH
    by_hand = [adversarial, matching, penalty, 10 * total]
    assert list(losses) == ["adversarial", "matching", "penalty", "interpolation"]
    agree(list(losses.values()), by_hand)
    agree(composed, gradients(sum(by_hand), method, ("discriminator",)))


def test_generator_with_the_multicyclic_loss() -> None:
    torch.manual_seed(0)
    method = multicyclic(tiny())
    losses, composed = phase_losses(method, "generator", PHOTOS)

    batch, draws = batch_for(method, PHOTOS), Draws(0, 0)
    a, one, two = batch["a"].image, batch["a"].domain.label, batch["b"].domain.label
    generate, critic = method.translator.network, method.networks["discriminator"]
    identity = 10 * (generate(a, torch.zeros_like(one)) - a).abs().mean()
    between = generate(a, draws.uniform("strength", a, 1) * (two - one))
    interpolation = 10 * critic.interpolated(critic.trunk(between)).mean(1).square().mean()
    assert len(losses) == 5 + 3 * 3
    agree([losses["identity"], losses["interpolation"]], [identity, interpolation])
    total, now, here = identity + interpolation, a, one
    for number, weight in enumerate((1, 0.25, 0.125, 0.0625)):
        target = relabeled(batch["b"], f"target {number}", draws).label if number else two
        change = target - here
        before, now, here = now, generate(now, change), target
        first, second = critic.trunk(before), critic.trunk(now)
        tiled = change[:, :, None, None].expand(-1, -1, *first.shape[2:])
        adversarial = (critic.adversarial(second) - 1).square().mean()
        matching = (critic.matching(torch.cat([first, second, tiled], 1)) - 1).square().mean()
        cycle = 10 * (generate(now, one - target) - a).abs().mean()
        suffix = f"_{number}" if number else ""
        by_hand = [weight * adversarial, weight * matching, weight * cycle]
        agree([losses[f"{name}{suffix}"] for name in ("adversarial", "matching", "cycle")], by_hand)
        total = total + sum(by_hand)
    agree(composed, gradients(total, method, ("generator",)))


def test_the_change_and_its_opposite_are_told_apart() -> None:
    method = tiny()
    image, zero = torch.rand(2, 3, 8, 8) * 2 - 1, Domain("photos", torch.zeros(2, 4))
    change = Domain("photos", torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0]]))
    forth, back = method.translate(image, zero, change), method.translate(image, change, zero)
    assert (forth - back).abs().max() > 1e-3
    assert forth.abs().max() <= 1 and forth.shape == image.shape


def shares_of(norm: SwitchableNorm, place: int) -> SwitchableNorm:
    """The norm with all weight on instance, layer or batch statistics."""
    with torch.no_grad():
        for weights in (norm.of_means, norm.of_variances):
            weights.copy_(torch.full((3,), -50.0).index_fill(0, torch.tensor(place), 50.0))
    return norm


@pytest.mark.parametrize(("place", "over"), [(0, (2, 3)), (1, (1, 2, 3)), (2, (0, 2, 3))])
def test_switchable_norm_is_each_of_its_parts(place: int, over: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    image = 2 * torch.randn(3, 4, 5, 6) + torch.randn(3, 4, 1, 1)
    variance, mean = torch.var_mean(image, over, correction=0, keepdim=True)
    assert torch.allclose(shares_of(SwitchableNorm(4), place)(image), (image - mean) / (variance + 1e-5).sqrt(), atol=1e-5)


def test_switchable_norm_mixes_by_two_softmaxes() -> None:
    norm, image = SwitchableNorm(1), torch.tensor([[-1.0, 1.0], [2.0, 6.0]])[:, None, None]
    with torch.no_grad():
        norm.of_means.copy_(torch.tensor([1.0, 1.0, 3.0]).log())  # .2, .2, .6
        norm.of_variances.copy_(torch.tensor([2.0, 1.0, 1.0]).log())  # .5, .25, .25
    # instance and layer of one channel: means 0, 4, variances 1, 4; batch: mean 2, variance (9 + 1 + 0 + 16) / 4 = 6.5
    first, second = (image[0] - 1.2) / (0.75 + 1.625 + 1e-5) ** 0.5, (image[1] - 2.8) / (3 + 1.625 + 1e-5) ** 0.5
    agree([norm(image)], [torch.stack([first, second])])
    assert torch.allclose(norm.running_mean.flatten(), torch.tensor(0.2))
    assert torch.allclose(norm.running_variance.flatten(), torch.tensor(0.9 + 0.65))


def test_switchable_norm_takes_statistics_in_float32() -> None:
    torch.manual_seed(0)
    image = (100 + torch.randn(2, 3, 8, 8)).bfloat16()
    whole = SwitchableNorm(3)(image.float())
    assert 0.5 < whole.std() < 2
    assert torch.equal(SwitchableNorm(3)(image).float(), whole)


def test_in_use_no_image_depends_on_its_batch() -> None:
    method = tiny()
    image, zero = torch.rand(3, 3, 8, 8) * 2 - 1, torch.zeros(3, 4)
    network = method.translator.network
    assert not torch.allclose(network(image, zero)[:2], network(image[:2], zero[:2]), atol=1e-4)
    network.eval()
    assert torch.allclose(network(image, zero)[:2], network(image[:2], zero[:2]), atol=1e-6)


def test_sizes_of_the_networks() -> None:
    method = build(Space({"photos": ImageSpec(3, 256, 256)}, tuple(Binary(f"attribute {number}") for number in range(17))))
    counts = [sum(weight.numel() for weight in network.parameters()) for network in method.networks.values()]
    assert counts == [8_471_977, 53_263_362]


def test_wrong_data_is_refused() -> None:
    with pytest.raises(UsageError, match="has none"):
        build(Space({"photos": ImageSpec(3, 16, 16)}), TINY)
    with pytest.raises(UsageError, match="multiples of 4"):
        build(Space({"photos": ImageSpec(3, 10, 10)}, PHOTOS.attributes), TINY)
    with pytest.raises(UsageError):
        build(Space(ALIKE.images, PHOTOS.attributes), TINY)
    with pytest.raises(UsageError, match="multiples of 8"):
        RelativeDiscriminator(ImageSpec(3, 20, 20), 4)
