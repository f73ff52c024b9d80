"""IcGAN: its two stages by hand, the weights of its two kinds of fakes, and what an edit is."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from contracts.case import ALIKE, PHOTOS, batch_for
from contracts.test_composition import agree, gradients
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.methods.icgan import IcGAN, build

TINY = IcGAN(gan_share=0.5, width=4, encoder_width=4, hidden=6, latent=5)


def tiny() -> Method:
    torch.manual_seed(0)
    return build(PHOTOS, TINY)


@pytest.mark.parametrize("name", ["discriminator", "decoder", "encoders"])
def test_phases_by_hand(name: str) -> None:
    method = tiny()
    phase = next(phase for phase in method.phases if phase.name == name)
    for network, module in method.networks.items():
        module.requires_grad_(network in phase.learns)
    draws, real = Draws(0, 0), batch_for(method, PHOTOS)["real"]
    (subject,) = phase.plan({"real": real}, draws)
    losses = phase.objective(subject.begin(name != "discriminator"), Progress(0, 1))

    image, label = real.image, real.domain.label
    wanted, wrong = (label[draws.order(each, label)] for each in ("wanted", "wrong"))
    differs = (wrong != label).any(1)
    code = draws.normal("code", image, 5)
    networks = method.networks
    made, judge = networks["decoder"](code, wanted), networks["discriminator"]
    expected = {
        "discriminator": lambda: {
            "adversarial": F.softplus(-judge(image, label)).mean()
            + 0.5 * F.softplus(judge(image, wrong))[differs].mean()
            + 0.5 * F.softplus(judge(made.detach(), wanted)).mean()
        },
        "decoder": lambda: {"adversarial": F.softplus(-judge(made, wanted)).mean()},
        "encoders": lambda: {
            "codes": (networks["codes"](made.detach()) - code).square().mean(),
            "labels": (networks["labels"](image) - (2 * label - 1)).square().mean(),
        },
    }[name]()
    assert 0 < differs.sum() < 4  # one of these four is its own label by chance, and does not count
    agree([losses[each] for each in expected], list(expected.values()))
    agree(gradients(sum(losses.values()), method, phase.learns), gradients(sum(expected.values()), method, phase.learns))


def test_the_encoders_learn_after_the_gan() -> None:
    turns = {phase.name: [step for step in range(6) if phase.when(Progress(step, 6))] for phase in tiny().phases}
    assert turns == {"discriminator": [0, 1, 2], "decoder": [0, 1, 2], "encoders": [3, 4, 5]}
    rates = {name: (optimizer.lr, optimizer.betas[0]) for name, optimizer in tiny().optimizers.items()}
    assert rates["decoder"] == (2e-4, 0.5) and rates["codes"] == (1e-4, 0.1)


def test_an_edit_is_the_decoder_of_the_code_and_the_target() -> None:
    method = tiny()
    method.networks.eval()
    image, label = torch.rand(2, 3, 8, 8), torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0]])
    here, there = Domain("photos", label), Domain("photos", label.flip(0))
    edited = method.translate(image, here, there)
    assert torch.equal(edited, method.networks["decoder"](method.networks["codes"](image), label.flip(0)))
    assert (edited - method.translate(image, here, here)).abs().max() > 1e-4
    method.translator.code_of = nn.Flatten()  # a perfect encoder, of images that are codes
    code = torch.randn(2, 5, 1, 1)
    assert torch.equal(method.translate(code, here, here), method.networks["decoder"](code.flatten(1), label))


def test_labels_are_needed() -> None:
    with pytest.raises(UsageError, match="values of attributes"):
        build(Space(ALIKE.images), TINY)
