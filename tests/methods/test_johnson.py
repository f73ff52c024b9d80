"""Johnson's style transfer: its losses by hand, its network, and use without what it was trained by."""

from __future__ import annotations

import pytest
import torch

from contracts.case import ALIKE, UNALIKE, batch_for
from contracts.test_composition import agree, gradients, phase_losses
from viceversa.core.domains import Domain
from viceversa.core.method import Method
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.methods.johnson import Johnson, build
from viceversa.networks.johnson import transform_network
from viceversa.networks.perception import Sight, load_perception

TINY = Johnson(width=4, style_layers=("stem", "block2"), content_layer="block0")


def tiny(settings: Johnson = TINY) -> Method:
    torch.manual_seed(0)
    return build(ALIKE, settings)


def test_generator_by_hand() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "generator", ALIKE)
    batch = batch_for(method, ALIKE)
    x, y = ((batch[name].image + 1) / 2 for name in ("summer", "winter"))
    made = (method.translator.network(batch["summer"].image) + 1) / 2
    see = load_perception()
    wanted, found, painted = (see(image, ("stem", "block0", "block2")) for image in (x, made, y))
    style = torch.zeros(())
    for layer in ("stem", "block2"):
        own, other = (torch.einsum("nchw,ndhw->ncd", each, each) / each[0, 0].numel() for each in (found[layer], painted[layer]))
        target = other.mean(0)
        style = style + 3 / 2 * (own - target).square().sum() / (len(x) * target.square().sum())
    down, across = made[:, :, 1:] - made[:, :, :-1], made[..., 1:] - made[..., :-1]
    expected = {
        "content": (found["block0"] - wanted["block0"]).square().sum() / wanted["block0"].square().sum(),
        "style": style,
        "variation": 20 * (down.square().sum() + across.square().sum()) / (len(x) * 16 * 16),
    }
    agree([losses[name] for name in expected], list(expected.values()))
    agree(composed, gradients(sum(expected.values()), method, ("generator",)))


def test_the_network() -> None:
    with torch.device("meta"):
        network = transform_network(3)
    # convolutions with biases, and two weights a channel for each of 15 norms
    kernels = 3 * 81 * 32 + 32 * 9 * 64 + 64 * 9 * 128 + 10 * 128 * 9 * 128 + 128 * 9 * 64 + 64 * 9 * 32 + 32 * 81 * 3
    channels = 32 + 64 + 128 + 10 * 128 + 64 + 32
    assert sum(weight.numel() for weight in network.parameters()) == kernels + 3 * channels + 3
    assert transform_network(1, width=2)(torch.zeros(2, 1, 12, 8)).shape == (2, 3, 12, 8)


def test_it_is_used_without_what_it_was_trained_by() -> None:
    method = tiny(TINY.model_copy(update={"weights": "not here any more"}))
    assert method.translate(torch.zeros(1, 3, 16, 16), Domain("summer"), Domain("winter")).shape == (1, 3, 16, 16)
    with pytest.raises(UsageError, match="no weights 'not here any more'"):
        phase_losses(method, "generator", ALIKE)
    assert Sight().styles == load_perception().style and Sight(content_layer="stem").content == "stem"


def test_what_can_be_painted() -> None:
    with pytest.raises(UsageError, match="of the same size, not 1x14x14 and 3x16x16"):
        build(UNALIKE, TINY)
    build(Space({"a": ImageSpec(1, 16, 16), "b": ImageSpec(3, 16, 16)}), TINY)
