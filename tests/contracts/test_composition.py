"""Composed losses against the same formulas written by hand: values and gradients."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from contracts.case import ALIKE, PHOTOS, SETS, batch_for
from contracts.cases import build_cyclegan, build_masked, build_stargan
from contracts.gans import CYCLEGANS
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import cyclegan


def phase_losses(method: Method, name: str, space: object) -> tuple[dict[str, Tensor], list[Tensor]]:
    """The phase's losses, and the gradients of their sum in what it learns."""
    phase = next(phase for phase in method.phases if phase.name == name)
    subjects = phase.plan(batch_for(method, space), Draws(0, 0))
    for network, module in method.networks.items():
        module.requires_grad_(network in phase.learns)
    graph = any(weight.requires_grad for weight in method.translator.parameters())
    losses: dict[str, Tensor] = {}
    for subject in subjects:
        for term, loss in phase.objective(subject.begin(graph), Progress(0, 10)).items():
            losses[term] = losses.get(term, torch.zeros(())) + loss
    return losses, gradients(torch.stack(list(losses.values())).sum(), method, phase.learns)


def gradients(loss: Tensor, method: Method, learns: tuple[str, ...]) -> list[Tensor]:
    weights = [weight for name in learns for weight in method.networks[name].parameters()]
    return list(torch.autograd.grad(loss, weights, retain_graph=True))


def agree(composed: list[Tensor], by_hand: list[Tensor]) -> None:
    """The same sums in another order: float32 leaves about 1e-6 of the largest number."""
    for one, other in zip(composed, by_hand, strict=True):
        scale = max(1.0, other.abs().max().item())
        assert (one - other).abs().max() <= 1e-5 * scale


def classes(logits: Tensor, label: Tensor) -> Tensor:
    """Three columns of hair, one of glasses."""
    hair = F.cross_entropy(logits[:, :3], label[:, :3].argmax(1))
    return hair + F.binary_cross_entropy_with_logits(logits[:, 3], label[:, 3])


def test_stargan_generator_with_the_multicyclic_loss() -> None:
    torch.manual_seed(0)
    method = multicyclic(build_stargan(PHOTOS))
    losses, composed = phase_losses(method, "generator", PHOTOS)

    batch, draws = batch_for(method, PHOTOS)["real"], Draws(0, 0)
    image, label = batch.image, batch.domain.label
    generate, judge = method.translator.network, method.networks["discriminator"].network
    now, total = image, torch.zeros(())
    for number, weight in enumerate((1, 0.25, 0.125, 0.0625)):
        target = label[draws.order(f"target {number}", label)]
        now = generate(now, target)
        score, logits = judge(now)
        adversarial, classification = -score.mean(), classes(logits, target)
        cycle = (generate(now, label) - image).abs().mean()
        suffix = f"_{number}" if number else ""
        agree([losses[f"adversarial{suffix}"]], [weight * adversarial])
        agree([losses[f"classification{suffix}"]], [weight * classification])
        agree([losses[f"cycle{suffix}"]], [weight * 10 * cycle])
        total = total + weight * (adversarial + classification + 10 * cycle)
    agree(composed, gradients(total, method, ("generator",)))


def test_stargan_discriminator() -> None:
    torch.manual_seed(0)
    method = build_stargan(PHOTOS)
    losses, composed = phase_losses(method, "discriminator", PHOTOS)

    batch, draws = batch_for(method, PHOTOS)["real"], Draws(0, 0)
    image, label = batch.image, batch.domain.label
    judge = method.networks["discriminator"].network
    with torch.no_grad():
        fake = method.translator.network(image, label[draws.order("target 0", label)])
    real_score, logits = judge(image)
    adversarial = judge(fake)[0].mean() - real_score.mean()
    share = draws.uniform("gradient penalty", image, 1, 1, 1)
    mixed = (share * image + (1 - share) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(judge(mixed)[0].sum(), mixed, create_graph=True)
    penalty = 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
    by_hand = [adversarial, penalty, classes(logits, label)]
    agree([losses["adversarial"], losses["penalty"], losses["classification"]], by_hand)
    agree(composed, gradients(sum(by_hand), method, ("discriminator",)))


def test_of_two_sets_the_losses_are_added_and_each_is_classified_by_what_it_tells() -> None:
    torch.manual_seed(0)
    method = build_stargan(SETS)
    losses, composed = phase_losses(method, "generator", SETS)

    generate, judge = method.translator.network, method.networks["discriminator"].network
    total = dict.fromkeys(("adversarial", "classification", "cycle"), torch.zeros(()))
    for number, name in enumerate(SETS.images):
        real = batch_for(method, SETS)[name]
        image, label, mask = real.image, real.domain.label, torch.eye(2)[[number] * 4]
        target = label[Draws(0, 0).within(name).order("target 0", label)]
        fake = generate(image, torch.cat([target, mask], 1))
        score, logits = judge(fake)
        wanted = F.cross_entropy(logits[:, 4:], target[:, 4:].argmax(1)) if name == "drawings" else classes(logits, target)
        total["adversarial"] = total["adversarial"] - score.mean()
        total["classification"] = total["classification"] + wanted
        total["cycle"] = total["cycle"] + 10 * (generate(fake, torch.cat([label, mask], 1)) - image).abs().mean()
    agree([losses[name] for name in total], list(total.values()))
    agree(composed, gradients(sum(total.values()), method, ("generator",)))


def test_hinge_with_lazy_r1() -> None:
    torch.manual_seed(0)
    method = build_masked(PHOTOS)
    losses, _ = phase_losses(method, "discriminator", PHOTOS)

    batch = batch_for(method, PHOTOS)["real"]
    judge = method.networks["discriminator"].network
    image = batch.image.clone().requires_grad_()
    (slope,) = torch.autograd.grad(judge(image)[0].sum(), image)
    agree([losses["penalty"]], [4 * 0.5 * slope.square().flatten(1).sum(1).mean()])
    phase = method.phases[0]
    subject = phase.plan(batch_for(method, PHOTOS), Draws(0, 1))[0]
    assert "penalty" not in phase.objective(subject.begin(False), Progress(1, 10))


def test_cyclegan_generators() -> None:
    torch.manual_seed(0)
    method = build_cyclegan(ALIKE)
    losses, composed = phase_losses(method, "generators", ALIKE)

    batch = batch_for(method, ALIKE)
    x, y = batch["summer"].image, batch["winter"].image
    into, judge = method.translator.generators, method.networks["discriminators"].discriminators
    fake_y, fake_x = into["winter"](x), into["summer"](y)
    adversarial = (judge["winter"](fake_y) - 1).square().mean() + (judge["summer"](fake_x) - 1).square().mean()
    cycle = 10 * ((into["summer"](fake_y) - x).abs().mean() + (into["winter"](fake_x) - y).abs().mean())
    identity = 5 * ((into["summer"](x) - x).abs().mean() + (into["winter"](y) - y).abs().mean())
    agree([losses["adversarial"], losses["cycle"], losses["identity"]], [adversarial, cycle, identity])
    agree(composed, gradients(adversarial + cycle + identity, method, ("generators",)))


def test_cyclegan_discriminators() -> None:
    torch.manual_seed(0)
    method = build_cyclegan(ALIKE)
    losses, composed = phase_losses(method, "discriminators", ALIKE)

    batch = batch_for(method, ALIKE)
    x, y = batch["summer"].image, batch["winter"].image
    into, judge = method.translator.generators, method.networks["discriminators"].discriminators
    pool = {name: list(images) for name, images in method.memory["pool"].images.items()}
    assert {name: len(images) for name, images in pool.items()} == {"summer": 3, "winter": 3}
    shown = {"winter": into["winter"](x), "summer": into["summer"](y)}
    # of four fakes the first three filled the pool and were shown; the fourth met a full one and may have been swapped
    fourth = {}
    for name, source in (("winter", "summer"), ("summer", "winter")):
        kept = torch.stack(pool[name])
        same = (kept - shown[name][:3].detach()).abs().flatten(1).amax(1) < 1e-6
        fourth[name] = shown[name][3] if same.all() else shown[name][:3][~same][0]
        assert source in batch
    total = torch.zeros(())
    for name, real in (("winter", y), ("summer", x)):
        fake = torch.cat([shown[name][:3], fourth[name][None]]).detach()
        total = total + 0.5 * ((judge[name](real) - 1).square().mean() + judge[name](fake).square().mean())
    agree([losses["adversarial"]], [total])
    agree(composed, gradients(total, method, ("discriminators",)))


def test_cyclegan_with_wgan_gp() -> None:
    """mean f - mean r + 10 mean (|grad| - 1)^2 in each space, between its real images and what was made of the other's."""
    torch.manual_seed(0)
    method = cyclegan.build(ALIKE, CYCLEGANS["wgan-gp"].model_copy(update={"pool": 0}))
    losses, composed = phase_losses(method, "discriminators", ALIKE)

    batch = batch_for(method, ALIKE)
    into, judge = method.translator.generators, method.networks["discriminators"].discriminators
    adversarial, penalty = torch.zeros(()), torch.zeros(())
    for here, there in (("summer", "winter"), ("winter", "summer")):
        real, fake = batch[there].image, into[there](batch[here].image).detach()
        adversarial = adversarial + judge[there](fake).mean() - judge[there](real).mean()
        share = Draws(0, 0).within(here).uniform("gradient penalty", real, 1, 1, 1)
        mixed = (share * real + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(judge[there](mixed).sum(), mixed, create_graph=True)
        penalty = penalty + 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
    agree([losses["adversarial"], losses["penalty"]], [adversarial, penalty])
    by_hand = gradients(adversarial + penalty, method, ("discriminators",))
    agree(*([torch.cat([each.flatten() for each in slopes])] for slopes in (composed, by_hand)))  # biases before a norm have none


def test_multicyclic_cyclegan_walks_back_and_forth() -> None:
    torch.manual_seed(0)
    method = multicyclic(build_cyclegan(ALIKE))
    losses, _ = phase_losses(method, "generators", ALIKE)

    batch = batch_for(method, ALIKE)
    into, judge = method.translator.generators, method.networks["discriminators"].discriminators
    expected = {f"{name}_{number}": torch.zeros(()) for name in ("adversarial", "cycle") for number in (1, 2, 3)}
    for here, there in (("summer", "winter"), ("winter", "summer")):
        real = batch[here].image
        first = into[there](real)
        second = into[here](first)
        third = into[there](second)
        fourth = into[here](third)
        distances = [second - real, fourth - real, fourth - real]
        images = [(second, here), (third, there), (fourth, here)]
        for number, weight in enumerate((0.25, 0.125, 0.0625), start=1):
            image, space = images[number - 1]
            expected[f"adversarial_{number}"] += weight * (judge[space](image) - 1).square().mean()
            expected[f"cycle_{number}"] += weight * 10 * distances[number - 1].abs().mean()
    agree([losses[name] for name in expected], list(expected.values()))


def test_a_generator_refuses_a_wrong_source() -> None:
    method = build_cyclegan(ALIKE)
    image = torch.zeros(1, 3, 16, 16)
    same = method.translate(image, Domain("summer"), Domain("summer"))  # equal channels: the identity loss's call
    assert same.shape == image.shape
