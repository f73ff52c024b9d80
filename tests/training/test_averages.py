"""Moving averages of weights: how far they move, at first and later, and what they leave alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor, nn

import viceversa as vv
from contracts.between_spaces import AUGMENTED, BETTER, CUT, DISCOGAN, PIX2PIX
from contracts.case import ALIKE, LINES, PHOTOS
from contracts.cases import CASES, CYCLEGAN, MASKED, build_masked
from training.small import assert_same_runs, noise, trainer
from viceversa.core.draws import seeded
from viceversa.core.method import Method
from viceversa.core.moving_average import warm
from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.methods import stargan
from viceversa.recipes.builders import BUILDERS
from viceversa.runs.weights import FILES, load_weights, write_sealed
from viceversa.training.averages import STATISTICS, update_averages


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


BETWEEN = {
    "cyclegan": (ALIKE, CYCLEGAN), "better-cycles": (ALIKE, BETTER), "discogan": (ALIKE, DISCOGAN), "cut": (ALIKE, CUT),
    "pix2pix": (LINES, PIX2PIX), "augmented-cyclegan": (LINES, AUGMENTED),
}  # fmt: skip


@pytest.mark.parametrize("name", BETWEEN)
def test_methods_between_spaces_keep_averages_of_their_generators(name: str, tmp_path: Path) -> None:
    """Both ways to stop and go on leave the same bits; averages are not the weights that train."""
    space, settings = BETWEEN[name]

    def build(space: Space) -> Method:
        return BUILDERS[type(settings)](space, settings)

    data = noise(space, paired=name == "pix2pix")
    whole = trainer(tmp_path / "whole", build, data, steps=4, average=0.9)
    whole.train(4)
    trainer(tmp_path / "parts", build, data, steps=4, average=0.9).train(2)
    resumed = trainer(tmp_path / "parts", build, data, steps=4, average=0.9)
    resumed.resume()
    resumed.train(4)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts", but_logged=(2,))
    (network,) = (each for each in whole.method.averaged if each.startswith("generator"))
    pairs = zip(weights(whole.averages, network), weights(whole.method, network), strict=True)
    assert any(not torch.equal(kept, now) for kept, now in pairs)


def folders(path: Path) -> Path:
    """CycleGAN's folders, with a few images of noise."""
    for place, name in enumerate(("trainA", "trainB", "testA", "testB")):
        (path / name).mkdir(parents=True)
        for number in range(5):
            pixels = torch.randint(256, (16, 16, 3), generator=seeded(place, number), dtype=torch.uint8)
            Image.fromarray(pixels.numpy()).save(path / name / f"{number}.png")
    return path


def test_a_run_whose_averages_were_not_kept_is_loaded_and_goes_on(tmp_path: Path) -> None:
    """Methods between spaces kept none before; their runs have an empty file of averages."""
    run, how = tmp_path / "run", {"data": str(folders(tmp_path / "data")), "size": 16, "steps": 4, "batch": 2, "quiet": True}
    small = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4, "method.critic_layers": 1}
    vv.train("cyclegan", out=run, until=2, average=0.9, best="none", settings=small, **how)
    (checkpoint,) = (run / "checkpoints").glob("0*")
    contents = {name: (checkpoint / name).read_bytes() for name in FILES}
    write_sealed(checkpoint, {**contents, "averages.safetensors": safetensors.torch.save({})})
    raw = safetensors.torch.load(contents["networks.safetensors"])
    model = vv.load(run)
    assert all(torch.equal(raw[name], value) for name, value in model.method.networks.state_dict().items())
    vv.train("cyclegan", out=run, resume=True, quiet=True)
    assert vv.load(run, checkpoint="last").step == 4


def test_a_file_of_averages_that_lacks_a_part_of_a_network_is_refused(tmp_path: Path) -> None:
    method, averages = pair()
    kept = {f"generator.{name}": value for name, value in averages.networks["generator"].state_dict().items()}
    kept.popitem()
    (tmp_path / "averages.safetensors").write_bytes(safetensors.torch.save(kept))
    with pytest.raises(UsageError, match="it lacks generator"):
        load_weights(tmp_path / "averages.safetensors", method)
