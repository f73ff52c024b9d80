"""STGAN: its losses and its networks by hand, and what it is told."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contracts.case import ALIKE, PHOTOS, batch_for
from contracts.test_composition import agree, classes, gradients, phase_losses
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.losses.multicycle import multicyclic
from viceversa.methods.stgan import STGAN, build
from viceversa.networks.blocks import halvings
from viceversa.networks.selective import SelectiveDiscriminator, SelectiveGenerator, SelectiveTransferUnit

TINY = STGAN(width=4, critic_width=4)
FAR = 200.0
"""A bias beyond which a sigmoid is 1, or below whose negative it is 0, in float32."""


def tiny() -> Method:
    torch.manual_seed(0)
    return build(PHOTOS, TINY)


def unit() -> tuple[SelectiveTransferUnit, Tensor, Tensor, Tensor]:
    """A unit on features (2, 3, 8, 8) with a state (2, 5, 4, 4) and a change of two columns."""
    torch.manual_seed(0)
    change = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    return SelectiveTransferUnit(3, 5, 2), torch.randn(2, 3, 8, 8), torch.randn(2, 5, 4, 4), change


def always(gate: nn.Conv2d, value: int) -> None:
    nn.init.zeros_(gate.weight)
    nn.init.constant_(gate.bias, FAR if value else -FAR)


def enlarged(chosen: SelectiveTransferUnit, state: Tensor, change: Tensor) -> Tensor:
    tiled = change[:, :, None, None].expand(-1, -1, *state.shape[2:])
    return F.conv_transpose2d(torch.cat([state, tiled], 1), chosen.enlarge.weight, chosen.enlarge.bias, 2, 1)


def test_a_unit_that_does_not_update_passes_the_state() -> None:
    chosen, features, state, change = unit()
    always(chosen.update, 0)
    out, _ = chosen(features, state, change)
    agree([out], [enlarged(chosen, state, change)])
    assert torch.equal(out, chosen(torch.randn_like(features), state, change)[0])


def test_a_unit_that_updates_passes_what_is_hidden() -> None:
    chosen, features, state, change = unit()
    always(chosen.update, 1)
    out, selected = chosen(features, state, change)
    hidden = F.conv2d(torch.cat([features, selected], 1), chosen.hidden.weight, chosen.hidden.bias, padding=1).tanh()
    assert torch.allclose(out, hidden, atol=1e-6)


def test_a_unit_that_resets_forgets_its_state() -> None:
    chosen, features, state, change = unit()
    always(chosen.reset, 0)
    always(chosen.update, 1)
    out, selected = chosen(features, state, change)
    assert selected.abs().max() == 0
    assert torch.equal(out, chosen(features, torch.randn_like(state), change)[0])
    always(chosen.reset, 1)
    out, selected = chosen(features, state, change)
    agree([selected], [enlarged(chosen, state, change)])
    assert not torch.allclose(out, chosen(features, torch.randn_like(state), change)[0], atol=1e-3)


def test_a_unit_in_numbers() -> None:
    """One channel, features of 2 and a state that enlarges to 3; only the middle of each kernel weighs anything."""
    chosen = SelectiveTransferUnit(1, 1, 1)
    with torch.no_grad():
        for weight in chosen.parameters():
            weight.zero_()
        chosen.enlarge.bias.fill_(3.0)
        for gate, of_features, of_state in ((chosen.reset, 0.5, -0.5), (chosen.update, 0.5, 0.0), (chosen.hidden, 0.25, 1.0)):
            gate.weight[0, :, 1, 1] = torch.tensor([of_features, of_state])
    out, selected = chosen(torch.full((1, 1, 4, 4), 2.0), torch.zeros(1, 1, 2, 2), torch.zeros(1, 1))
    reset, update = 1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(-1))
    assert torch.allclose(selected, torch.tensor(3 * reset))
    assert torch.allclose(out, torch.tensor((1 - update) * 3 + update * math.tanh(0.5 + 3 * reset)))


def normed(image: Tensor, norm: nn.BatchNorm2d) -> Tensor:
    return F.batch_norm(image, None, None, norm.weight, norm.bias, training=True)


def test_the_generator_of_three_layers_by_hand() -> None:
    """Widths 4, 8, 16: two units, a decoder of 16, 8 and the image; the change's planes at every layer."""
    torch.manual_seed(0)
    network = SelectiveGenerator(ImageSpec(3, 32, 32), 4, width=4)
    image, change = torch.rand(2, 3, 32, 32) * 2 - 1, torch.tensor([[1.0, -1, 0, 0], [0, 0, 0, 1]])

    def told(hidden: Tensor) -> Tensor:
        return torch.cat([hidden, change[:, :, None, None].expand(-1, -1, *hidden.shape[2:])], 1)

    features = [image]
    for convolution, norm, _ in network.encoder:
        hidden = F.conv2d(features[-1], convolution.weight, convolution.bias, 2, 1)
        features.append(F.leaky_relu(normed(hidden, norm), 0.2))
    _, first, second, third = features
    assert [feature.shape[1:] for feature in (first, second, third)] == [(4, 16, 16), (8, 8, 8), (16, 4, 4)]

    inner, outer = network.units
    passed_inner, state = inner(second, third, change)
    passed_outer, _ = outer(first, state, change)
    up, norm, _ = network.decoder[0]
    hidden = normed(F.conv_transpose2d(told(third), up.weight, up.bias, 2, 1), norm).relu()
    up, norm, _ = network.decoder[1]
    hidden = normed(F.conv_transpose2d(told(torch.cat([hidden, passed_inner], 1)), up.weight, up.bias, 2, 1), norm).relu()
    assert hidden.shape[1:] == (8, 16, 16)
    up = network.leave[0]
    expected = F.conv_transpose2d(told(torch.cat([hidden, passed_outer], 1)), up.weight, up.bias, 2, 1).tanh()
    agree([network(image, change)], [expected])


def test_generator_with_the_multicyclic_loss() -> None:
    method = multicyclic(tiny())
    losses, composed = phase_losses(method, "generator", PHOTOS)

    batch, draws = batch_for(method, PHOTOS)["real"], Draws(0, 0)
    label, now = batch.domain.label, batch.image
    generate, judge = method.translator.network, method.networks["discriminator"].network
    here, expected = label, dict[str, Tensor]()
    for number, weight in enumerate((1, 0.25, 0.125, 0.0625)):
        target = label[draws.order(f"target {number}", label)]
        before, now = now, generate(now, target - here)
        score, logits = judge(now)
        suffix = f"_{number}" if number else ""
        expected[f"adversarial{suffix}"] = -weight * score.mean()
        expected[f"classification{suffix}"] = weight * 10 * classes(logits, target) / 2
        expected[f"reconstruction{suffix}"] = weight * 100 * (generate(before, torch.zeros_like(label)) - before).abs().mean()
        here = target
    assert losses.keys() == expected.keys()
    agree([losses[name] for name in expected], list(expected.values()))
    agree(composed, gradients(sum(expected.values()), method, ("generator",)))


def test_discriminator() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "discriminator", PHOTOS)

    batch, draws = batch_for(method, PHOTOS)["real"], Draws(0, 0)
    image, label = batch.image, batch.domain.label
    judge = method.networks["discriminator"].network
    with torch.no_grad():
        fake = method.translator.network(image, label[draws.order("target 0", label)] - label)
    real_score, logits = judge(image)
    share = draws.uniform("gradient penalty", image, 1, 1, 1)
    mixed = (share * image + (1 - share) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(judge(mixed)[0].sum(), mixed, create_graph=True)
    penalty = 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
    expected = [judge(fake)[0].mean() - real_score.mean(), penalty, classes(logits, label) / 2]
    assert list(losses) == ["adversarial", "penalty", "classification"]
    agree(list(losses.values()), expected)
    agree(composed, gradients(sum(expected), method, ("discriminator",)))


@pytest.mark.parametrize("count", [1, 13])
def test_who_cannot_classify_has_the_same_loss_for_any_number_of_attributes(count: int) -> None:
    space = Space({"photos": ImageSpec(3, 8, 8)}, tuple(Binary(f"attribute {number}") for number in range(count)))
    method = build(space, TINY)
    last = method.networks["discriminator"].network.classes[-1]
    nn.init.zeros_(last.weight), nn.init.zeros_(last.bias)
    of_critic, of_generator = (phase_losses(method, name, space)[0]["classification"] for name in ("discriminator", "generator"))
    assert torch.isclose(of_critic, torch.tensor(math.log(2)))
    assert torch.isclose(of_generator, torch.tensor(10 * math.log(2)))


def test_only_the_difference_of_labels_is_told_also_beyond_one() -> None:
    method = tiny().translator.eval()
    image = torch.rand(2, 3, 8, 8) * 2 - 1

    def to(source: float, target: float) -> Tensor:
        return method(image, *(Domain("photos", torch.tensor([[1.0, 0, 0, value]] * 2)) for value in (source, target)))

    assert torch.equal(to(0, 0), to(1, 1))
    assert torch.equal(to(0, 1), to(-0.5, 0.5))
    results = [to(0, strength) for strength in (-1, 0, 1, 1.5)]
    assert all((one - other).abs().max() > 1e-3 for one, other in itertools.pairwise(results))
    assert all(result.shape == image.shape and result.abs().max() <= 1 for result in results)


def test_in_use_no_image_depends_on_its_batch() -> None:
    network = tiny().translator.network
    image, change = torch.rand(3, 3, 8, 8) * 2 - 1, torch.zeros(3, 4)
    assert not torch.allclose(network(image, change)[:2], network(image[:2], change[:2]), atol=1e-4)
    network.eval()
    assert torch.allclose(network(image, change)[:2], network(image[:2], change[:2]), atol=1e-6)


def test_layers_follow_the_size() -> None:
    sizes = {8: 2, 16: 2, 32: 3, 64: 4, 128: 5, 256: 6}
    assert {size: halvings(ImageSpec(3, size, size), 2) for size in sizes} == sizes
    assert halvings(ImageSpec(3, 128, 32), 2) == 3
    network = SelectiveGenerator(ImageSpec(1, 24, 40), 2, width=2)
    assert network(torch.zeros(2, 1, 24, 40), torch.zeros(2, 2)).shape == (2, 1, 24, 40)


def test_sizes_of_the_networks_at_128_px_with_13_attributes() -> None:
    """By hand: 4x4 kernels (units' gates 3x3), a bias each, and two weights a channel for a norm."""
    encoder = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1024)]
    decoder = [(1037, 1024), (1549, 512), (781, 256), (397, 128)]  # with the unit's channels and 13 planes
    units = [(1037, 512), (525, 256), (269, 128), (141, 64)]
    generator = sum(16 * before * after + 3 * after for before, after in encoder + decoder) + 16 * 205 * 3 + 3
    generator += sum(16 * before * after + after + 3 * (9 * 2 * after * after + after) for before, after in units)
    heads = sum(16 * 1024 * 1024 + 1024 + 1024 * outputs + outputs for outputs in (1, 13))
    critic = sum(16 * before * after + 3 * after for before, after in encoder) + heads
    spec = ImageSpec(3, 128, 128)
    with torch.device("meta"):
        networks = SelectiveGenerator(spec, 13), SelectiveDiscriminator(spec, 13)
    counts = [sum(weight.numel() for weight in network.parameters()) for network in networks]
    assert counts == [generator, critic] == [75_002_675, 44_720_974]


def test_wrong_data_is_refused() -> None:
    with pytest.raises(UsageError, match="has none"):
        build(Space({"photos": ImageSpec(3, 16, 16)}), TINY)
    with pytest.raises(UsageError, match=r"36x36 pixels.*multiples of 8"):
        build(Space({"photos": ImageSpec(3, 36, 36)}, PHOTOS.attributes), TINY)
    with pytest.raises(UsageError, match="one space"):
        build(Space(ALIKE.images, PHOTOS.attributes), TINY)
