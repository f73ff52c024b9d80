"""Moving averages of weights: how far they move, at first and later, and what they leave alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from contracts.case import PHOTOS
from contracts.cases import CASES, MASKED, build_masked
from training.small import noise, trainer
from viceversa.core.method import Method
from viceversa.core.space import Space
from viceversa.methods import stargan
from viceversa.training.averages import STATISTICS, update_averages, warm


def weights(method: Method, network: str) -> list[Tensor]:
    return [weight.detach().clone() for weight in method.networks[network].parameters()]


def pair() -> tuple[Method, Method]:
    """A method and its averages, with other weights everywhere."""
    torch.manual_seed(0)
    return build_masked(PHOTOS), build_masked(PHOTOS)


def test_an_update_goes_a_thousandth_of_the_way() -> None:
    method, averages = pair()
    before, now = weights(averages, "generator"), weights(method, "generator")
    update_averages(averages, method, 0.999)
    for kept, old, new in zip(weights(averages, "generator"), before, now, strict=True):
        assert torch.allclose(kept - old, 0.001 * (new - old), rtol=1e-3, atol=1e-7)  # float32: one unit in the last place of 1
        assert not torch.equal(kept, old) or torch.equal(old, new)
    for same, weight in zip(weights(method, "generator"), now, strict=True):
        assert torch.equal(same, weight)


def test_networks_that_are_not_averaged_stay() -> None:
    method, averages = pair()
    before = weights(averages, "discriminator")
    update_averages(averages, method, 0.5)
    assert all(map(torch.equal, weights(averages, "discriminator"), before))


def test_frozen_weights_are_averaged_too_and_stay_frozen() -> None:
    """The step leaves the generator frozen after the discriminator's turn; a frozen weight has an average all the same."""
    method, averages = pair()
    method.networks["generator"].requires_grad_(False)
    before, now = weights(averages, "generator"), weights(method, "generator")
    update_averages(averages, method, 0.5)
    for kept, old, new in zip(weights(averages, "generator"), before, now, strict=True):
        assert torch.allclose(kept, (old + new) / 2, atol=1e-7)
    assert not any(weight.requires_grad for weight in method.networks["generator"].parameters())
    assert all(weight.grad_fn is None for weight in averages.networks["generator"].parameters())


def test_buffers_are_copied() -> None:
    def build(space: Space) -> Method:
        method = build_masked(space)
        norm = nn.BatchNorm2d(3)
        return replace(method, networks=nn.ModuleDict({**method.networks, "norm": norm}), averaged=("generator", "norm"))

    method, averages = build(PHOTOS), build(PHOTOS)
    method.networks["norm"](torch.randn(4, 3, 2, 2) + 5)
    update_averages(averages, method, 0.999)
    kept = averages.networks["norm"]
    assert torch.equal(kept.running_mean, method.networks["norm"].running_mean) and kept.running_mean.min() > 0.1
    assert kept.num_batches_tracked == 1


def test_the_decay_grows_to_its_setting() -> None:
    assert warm(0.999, 0) == pytest.approx(0.1) and warm(0.999, 9) == pytest.approx(10 / 19)
    decays = [warm(0.995, step) for step in range(5000)]
    assert decays == sorted(decays) and decays[-1] == 0.995 and max(decays) == 0.995
    assert warm(0.0, 0) == 0.0


@pytest.mark.parametrize("average", [0.5, 0.0])
def test_a_trainer_averages_with_the_warm_decay_or_translates_with_the_weights(average: float, tmp_path: Path) -> None:
    training = trainer(tmp_path, build_masked, noise(PHOTOS), average=average)
    mean = weights(training.averages, "generator")
    for step in range(8):
        training.one_step()
        decay = warm(average, step) if average else 0.0
        mean = [decay * old + (1 - decay) * new for old, new in zip(mean, weights(training.method, "generator"), strict=True)]
    translating = training.translating()
    for kept, expected in zip(weights(translating, "generator"), mean, strict=True):
        assert torch.allclose(kept, expected, atol=1e-6)
    assert all(map(torch.equal, weights(translating, "discriminator"), weights(training.method, "discriminator")))
    same = all(map(torch.equal, weights(translating, "generator"), weights(training.method, "generator")))
    assert same == (average == 0)


@pytest.mark.parametrize("critics", [1, 5])
def test_an_average_counts_updates_not_steps(critics: int, tmp_path: Path) -> None:
    """With five steps of the discriminator for each of the generator, ten updates are fifty steps, and the average is the same."""

    def build(space: Space) -> Method:
        return stargan.build(space, MASKED.model_copy(update={"critic_steps": critics}))

    training = trainer(tmp_path, build, noise(PHOTOS), average=0.6)
    mean = weights(training.averages, "generator")
    for update in range(10):
        for _ in range(critics):
            training.one_step()
        decay = min(0.6, (1 + update) / (10 + update))
        mean = [decay * old + (1 - decay) * new for old, new in zip(mean, weights(training.method, "generator"), strict=True)]
    for kept, expected in zip(weights(training.translating(), "generator"), mean, strict=True):
        assert torch.allclose(kept, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["stgan", "relgan"])
def test_averaged_networks_have_statistics_of_their_own(name: str, tmp_path: Path) -> None:
    """Every layer's statistics are the plain mean over the batches that it saw, computed with the averaged weights; those of the
    weights that train differ. The weights, and whether layers learn, stay as they are."""
    case = next(case for case in CASES if case.name == name)
    training = trainer(tmp_path, case.build, noise(case.space), average=0.9)
    for _ in range(12):
        training.one_step()
    layers = [layer for layer in training.averages.networks["generator"].modules() if isinstance(layer, STATISTICS)]
    assert layers
    seen: dict[nn.Module, list[Tensor]] = {layer: [] for layer in layers}
    hooks = [
        layer.register_forward_pre_hook(lambda layer, given: seen[layer].append(given[0].float().mean((0, 2, 3))))
        for layer in layers
    ]
    before = weights(training.averages, "generator")
    training.translating()
    for hook in hooks:
        hook.remove()
    raw = [layer for layer in training.method.networks["generator"].modules() if isinstance(layer, STATISTICS)]
    for layer, learned in zip(layers, raw, strict=True):
        assert len(seen[layer]) >= 16 and layer.training and layer.momentum == 0.1
        assert torch.allclose(layer.running_mean.flatten(), torch.stack(seen[layer]).mean(0), atol=1e-5)
        assert not torch.allclose(layer.running_mean, learned.running_mean, atol=1e-4)
    assert all(map(torch.equal, weights(training.averages, "generator"), before))
