"""DiscoGAN: its phases by hand, feature matching, and the turns of its phases."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from contracts.case import ALIKE, batch_for
from contracts.test_composition import agree, gradients, phase_losses
from losses.walks import journey
from viceversa.core.domains import Domain
from viceversa.core.journey import Judgment
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.losses.multicycle import multicyclic
from viceversa.methods.discogan import DiscoGAN, build, feature_matching, squared_cycle

TINY = DiscoGAN(width=4, critic_width=4)


def tiny() -> Method:
    torch.manual_seed(0)
    return build(ALIKE, TINY)


def test_one_discriminator_step_for_two_of_the_generators() -> None:
    judging, drawing = tiny().phases
    steps = [Progress(step, 300) for step in range(300)]
    assert sum(map(judging.when, steps)) == 100 and sum(map(drawing.when, steps)) == 200
    assert judging.when(steps[0]) and not drawing.when(steps[0])


def test_the_share_of_the_cycle_switches() -> None:
    terms = tiny().phases[1].objective.terms
    weights = [[term[0](Progress(step, 100)) for term in terms.values()] for step in (0, 19, 20)]
    assert weights == [pytest.approx(row) for row in ([0.099, 0.891, 0.01], [0.099, 0.891, 0.01], [0.05, 0.45, 0.5])]


def test_squared_cycle() -> None:
    assert squared_cycle(journey(lambda image: image)).item() == 0
    assert squared_cycle(journey(lambda image: image + 0.1)).item() == pytest.approx(0.04)


def test_generators_by_hand() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "generators", ALIKE)
    batch = batch_for(method, ALIKE)
    into, judge = method.translator.generators, method.networks["discriminators"].discriminators
    total = dict.fromkeys(losses, torch.zeros(()))
    for here, there in (("summer", "winter"), ("winter", "summer")):
        real, other = batch[here].image, batch[there].image
        made = into[there](real)
        (score, features), (_, wanted) = judge[there](made), judge[there](other)
        total["adversarial"] = total["adversarial"] + 0.99 * 0.1 * F.softplus(-score).mean()
        for one, two in zip(features, wanted, strict=True):
            total["matching"] = total["matching"] + 0.99 * 0.9 * (one.mean(0) - two.mean(0)).square().mean()
        total["cycle"] = total["cycle"] + 0.01 * (into[here](made) - real).square().mean()
    agree([losses[name] for name in total], list(total.values()))
    agree(composed, gradients(sum(total.values()), method, ("generators",)))


def test_discriminators_by_hand() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "discriminators", ALIKE)
    batch = batch_for(method, ALIKE)
    into, judge = method.translator.generators, method.networks["discriminators"].discriminators
    total = torch.zeros(())
    for here, there in (("summer", "winter"), ("winter", "summer")):
        made = into[there](batch[here].image).detach()
        total = total + 0.5 * (F.softplus(-judge[there](batch[there].image)[0]).mean() + F.softplus(judge[there](made)[0]).mean())
    agree([losses["adversarial"]], [total])
    agree(composed, gradients(total, method, ("discriminators",)))


def test_along_a_chain_every_image_is_judged_by_its_own_space() -> None:
    """Between two sizes, whose discriminators have features of different shapes."""
    torch.manual_seed(0)
    space = Space({"large": ImageSpec(3, 32, 32), "small": ImageSpec(3, 16, 16)})
    method = multicyclic(build(space, TINY), extra=(0.5,))
    losses, _ = phase_losses(method, "generators", space)
    batch = batch_for(method, space)
    judge = method.networks["discriminators"].discriminators
    expected = torch.zeros(())
    for here, there in (("large", "small"), ("small", "large")):
        ends = Domain(here), Domain(there)
        home = method.translate(method.translate(batch[here].image, *ends), *reversed(ends))
        expected = expected + 0.5 * 0.99 * 0.1 * F.softplus(-judge[here](home)[0]).mean()
    agree([losses["adversarial_1"]], [expected])
    assert set(losses) == {"adversarial", "matching", "cycle", "adversarial_1", "cycle_1"}


def test_equal_batches_match_and_features_leave_out_the_first_layer() -> None:
    method = tiny()
    image = batch_for(method, ALIKE)["summer"].image
    score, features = method.networks["discriminators"].discriminators["summer"](image)
    assert score.shape == (4, 1, 1, 1) and [each.shape[1] for each in features] == [8]
    walked = journey(lambda image: image.flip(0), image=image)  # the same images in another order
    walked._record.discriminate = lambda image, domain: Judgment(score, features=(image,))
    assert feature_matching(walked).item() == pytest.approx(0, abs=1e-12)


def test_sizes() -> None:
    with pytest.raises(UsageError, match="multiples of 8"):
        build(Space({"a": ImageSpec(3, 36, 36), "b": ImageSpec(3, 36, 36)}), TINY)
