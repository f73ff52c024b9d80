"""CUT: contrast of patches by hand, its phases, and FastCUT's mirrored batches."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
import torch
from torch import Tensor, nn

from contracts.case import ALIKE, LINES, UNALIKE, batch_for
from contracts.test_composition import agree, gradients, phase_losses
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws, seeded
from viceversa.core.method import Method
from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.losses.contrast import contrast, patch_contrast
from viceversa.methods.cut import CUT, FASTCUT, build, is_mirrored
from viceversa.networks.adapters import luminance
from viceversa.networks.cut import Blurred, Enlarged, antialiased_generator, antialiased_stages, channels_of, features

TINY = CUT(width=4, blocks=2, critic_width=4, critic_layers=1, projection=6)


def tiny(settings: CUT = TINY) -> Method:
    torch.manual_seed(0)
    return build(ALIKE, settings)


def test_contrast_of_nothing_and_of_what_is_certain() -> None:
    assert contrast(torch.zeros(1, 256, 8), torch.zeros(1, 256, 8)).item() == pytest.approx(math.log(256), abs=1e-5)
    axes = torch.eye(256, dtype=torch.float64)[None]
    assert contrast(axes, axes).item() == pytest.approx(math.log(1 + 255 * math.exp(-1 / 0.07)), rel=1e-9)  # 1.59e-4


def test_keys_get_no_gradient() -> None:
    heads = nn.ModuleList([nn.Identity()])
    query, key = (torch.randn(2, 3, 4, 4, requires_grad=True) for _ in range(2))
    patch_contrast([query], [key], heads, seeded("places")).backward()
    assert query.grad is not None and query.grad.abs().sum() > 0 and key.grad is None


LAYERS = (0, 4, 8, 12)
"""The layers whose outputs are compared in a generator of two blocks; the middle block is the first one."""


def outputs(network: nn.Sequential, image: Tensor) -> list[Tensor]:
    """The outputs of these layers, layer by layer."""
    found = [image := layer(image) for layer in network[: LAYERS[-1] + 1]]
    return [found[number] for number in LAYERS]


def by_hand(method: Method, image: Tensor, made: Tensor, flipped: bool) -> Tensor:
    network, generator, losses = method.translator.network, Draws(0, 0).generator("patches"), []
    pairs = zip(outputs(network, made), outputs(network, image), method.networks["heads"], strict=True)
    for query, key, head in pairs:
        query = query.flip(3) if flipped else query
        places = torch.randperm(query[0, 0].numel(), generator=generator)[:256]
        q, k = (head(each.flatten(2)[:, :, places].transpose(1, 2)) for each in (query, key))
        q, k = (each / each.norm(dim=2, keepdim=True).clamp(min=1e-7) for each in (q, k.detach()))
        for one, other in zip(q, k, strict=True):
            for place in range(len(places)):
                losses.append(-torch.log_softmax(one[place] @ other.T / 0.07, 0)[place] / len(places) / len(q))
    return torch.stack(losses).sum() / len(LAYERS)


def test_generator_by_hand() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "generator", ALIKE)
    x, y = (batch_for(method, ALIKE)[name].image for name in ("summer", "winter"))
    network, judge = method.translator.network, method.networks["discriminator"].discriminators["winter"]
    made = network(x)
    adversarial = (judge(made) - 1).square().mean()
    near, same = 0.5 * by_hand(method, x, made, False), 0.5 * by_hand(method, y, network(y), False)
    agree([losses["adversarial"], losses["contrast"], losses["identity"]], [adversarial, near, same])
    expected = gradients(adversarial + near + same, method, ("generator", "heads"))
    # together, as some, of biases before a norm, are but the rounding of the others
    agree([torch.cat([part.flatten() for part in composed])], [torch.cat([part.flatten() for part in expected])])


def test_discriminator_by_hand() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "discriminator", ALIKE)
    x, y = (batch_for(method, ALIKE)[name].image for name in ("summer", "winter"))
    judge = method.networks["discriminator"].discriminators["winter"]
    total = 0.5 * ((judge(y) - 1).square().mean() + judge(method.translator.network(x).detach()).square().mean())
    agree([losses["adversarial"]], [total])
    agree(composed, gradients(total, method, ("discriminator",)))


@pytest.mark.parametrize("step", [next(step for step in range(99) if is_mirrored(Draws(0, step)) is way) for way in (False, True)])
def test_fastcut_compares_features_mirrored_back(step: int) -> None:
    method = tiny(FASTCUT.model_copy(update={"width": 4, "blocks": 2, "critic_width": 4, "critic_layers": 1, "projection": 6}))
    draws, batch = Draws(0, step), batch_for(method, ALIKE)
    (subject,) = method.phases[1].plan(batch, draws)
    mirrored, x = is_mirrored(draws), batch["summer"].image
    assert torch.equal(subject.image, x.flip(3) if mirrored else x)
    loss = method.phases[1].objective.terms["contrast"][1](subject.begin(True))
    network = method.translator.network
    made = network(x.flip(3) if mirrored else x)
    queries = [each.flip(3) if mirrored else each for each in outputs(network, made)]
    expected = patch_contrast(queries, outputs(network, x), method.networks["heads"], draws.generator("patches"))
    agree([loss], [expected])
    assert "identity" not in phase_losses(method, "generator", ALIKE)[0]


def test_smoothing_keeps_what_is_constant_and_the_corners_in_place() -> None:
    flat = torch.full((1, 2, 8, 8), 0.3)
    assert torch.allclose(Blurred()(flat), torch.full((1, 2, 4, 4), 0.3)) and Blurred()(flat).shape == (1, 2, 4, 4)
    assert torch.allclose(Enlarged()(flat), torch.full((1, 2, 16, 16), 0.3), atol=1e-6)
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    assert Blurred()(ramp)[0, 0, 1].tolist() == pytest.approx([0.5, 2, 4, 6])
    assert Enlarged()(ramp)[0, 0, 4, 4:8].tolist() == pytest.approx([1.75, 2.25, 2.75, 3.25])


def test_taps_are_where_the_paper_has_them() -> None:
    network = antialiased_generator(3, 3, width=4, blocks=9)
    stages = antialiased_stages(network)
    assert list(accumulate(len(stage) for stage in stages)) == [1, 5, 9, 13, 17]
    assert channels_of(stages, ImageSpec(3, 16, 16)) == [3, 8, 16, 16, 16]
    found = features(stages, torch.zeros(1, 3, 16, 16))
    assert [tuple(each.shape[1:]) for each in found] == [(3, 22, 22), (8, 16, 16), (16, 8, 8), (16, 4, 4), (16, 4, 4)]


def test_spaces_of_one_size() -> None:
    with pytest.raises(UsageError, match="two spaces of equal size"):
        build(UNALIKE, TINY)


def test_color_is_compared_with_gray_by_its_luminance() -> None:
    method = build(LINES, TINY)
    contrast, domains = method.phases[1].objective.terms["contrast"][1], (Domain("lines"), Domain("photos"))
    image = torch.rand(2, 3, 16, 16) * 2 - 1
    gray = luminance(image)
    assert contrast.channels == 1
    assert torch.equal(method.translator(image, domains[1], domains[1]), method.translator(gray, *domains))
