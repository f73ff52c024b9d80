"""Networks: parameter counts, shapes, receptive fields, and traps of norms and padding."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.metrics.grids import grids
from viceversa.networks.adapters import Labeled, PerTarget, fit, in_channels, luminance
from viceversa.networks.blocks import HalvingConvolution
from viceversa.networks.cut import features
from viceversa.networks.generators import GENERATORS, OfLabels, encoder_stages, generator_named
from viceversa.networks.masked import MaskedGenerator
from viceversa.networks.patch import check_patches, patch_discriminator
from viceversa.networks.resnet import resnet_generator
from viceversa.networks.resunet import ResUNet
from viceversa.networks.stargan import ClassifyingDiscriminator, LabelGenerator


def parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_resnet_generator_counts() -> None:
    with torch.device("meta"):
        assert parameters(resnet_generator(3, 3, blocks=9)) == 11_378_179
        assert parameters(resnet_generator(3, 3, blocks=6)) == 7_837_699


def test_patch_discriminator_counts() -> None:
    with torch.device("meta"):
        assert parameters(patch_discriminator(3)) == 2_764_737
        assert parameters(patch_discriminator(3, layers=2)) == 662_977


def test_stargan_counts() -> None:
    with torch.device("meta"):
        assert parameters(LabelGenerator(ImageSpec(3, 128, 128), 5)) == 8_430_528
        assert parameters(ClassifyingDiscriminator(ImageSpec(3, 128, 128), 5)) == 44_762_048


@pytest.mark.parametrize(
    ("size", "layers", "expected"),
    [(256, 3, 30), (128, 3, 14), (32, 3, 2), (32, 2, 6), (32, 1, 14), (28, 3, 1), (28, 2, 5), (28, 1, 12)],
)
def test_patch_maps(size: int, layers: int, expected: int) -> None:
    assert patch_discriminator(3, width=2, layers=layers)(torch.zeros(1, 3, size, size)).shape == (1, 1, expected, expected)


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_receptive_fields(layers: int, field: int) -> None:
    """The pixels that a patch's score depends on; without norm, which looks at the whole image."""
    network = patch_discriminator(1, width=1, layers=layers)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1.0)
    for block in network:
        if isinstance(block, nn.Sequential):
            block[1] = nn.Identity()
    image = torch.rand(1, 1, 256, 256, requires_grad=True)
    score = network(image)
    score[0, 0, score.shape[2] // 2, score.shape[3] // 2].backward()
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == field


def test_stargan_maps_and_sizes() -> None:
    network = ClassifyingDiscriminator(ImageSpec(3, 32, 32), 7, width=4, layers=4)
    score, logits = network(torch.zeros(2, 3, 32, 32))
    assert score.shape == (2, 1, 2, 2) and logits.shape == (2, 7)
    with pytest.raises(UsageError, match="30x30"):
        LabelGenerator(ImageSpec(3, 30, 30), 7)
    with pytest.raises(UsageError, match="fewer layers"):
        ClassifyingDiscriminator(ImageSpec(3, 32, 32), 7, layers=6)


@pytest.mark.parametrize("kind", [LabelGenerator, MaskedGenerator])
def test_labels_reach_the_image_and_modes_agree(kind: type) -> None:
    """P2: at initialization the label moves the image. P1: no running statistics, so train and eval are the same."""
    torch.manual_seed(0)
    network = kind(ImageSpec(3, 32, 32), 5, width=16, blocks=2)
    image = torch.rand(2, 3, 32, 32) * 2 - 1
    first, second = torch.eye(5)[[0, 0]], torch.eye(5)[[3, 3]]
    assert (network(image, first) - network(image, second)).abs().max() > 1e-3
    assert torch.equal(network.train()(image, first), network.eval()(image, first))
    assert network(image, first).abs().max() <= 1


def test_the_mask_keeps_what_it_does_not_paint() -> None:
    network = MaskedGenerator(ImageSpec(3, 32, 32), 5, width=8)
    nn.init.zeros_(network.leave[1].weight)
    nn.init.constant_(network.leave[1].bias, -20.0)
    image = torch.rand(2, 3, 32, 32) * 2 - 1
    assert torch.allclose(network(image, torch.eye(5)[:2]), image, atol=1e-6)


def test_the_residual_u_net_begins_near_the_identity() -> None:
    image = torch.rand(2, 3, 32, 32) * 2 - 1
    made = ResUNet(ImageSpec(3, 32, 32), 5, width=4)(image, torch.eye(5)[:2])
    assert torch.allclose(made, image * (1 - torch.sigmoid(torch.tensor(-3.0))), atol=1e-6)  # .953 x


def test_the_added_residual_u_net_begins_at_tanh_of_the_image() -> None:
    """A gray image in color too; white on white still has a gradient, in both directions."""
    network = ResUNet(ImageSpec(1, 32, 32), 5, width=4, channels=3, added=True)
    image = torch.rand(2, 1, 32, 32) * 2 - 1
    assert torch.allclose(network(image, torch.eye(5)[:2]), torch.tanh(image).expand(-1, 3, -1, -1), atol=1e-6)
    made = network(torch.ones(1, 1, 32, 32), torch.eye(5)[:1])
    made.sum().backward()
    assert network.leave[2].bias.grad.abs().min() > 0.4 * 32 * 32  # 1 - tanh(1)^2 = .42 for each pixel


def test_the_residual_u_net_leaves_no_grid() -> None:
    """Random weights everywhere, on flat images: only upsampling could leave a pattern, as StarGAN's generator does."""
    flat, columns = torch.linspace(-0.5, 0.5, 8)[:, None, None, None].expand(-1, 3, 64, 64), torch.zeros(8, 0)
    found = []
    for kind in (ResUNet, LabelGenerator):
        torch.manual_seed(0)
        network = kind(ImageSpec(3, 64, 64), 0, width=8, blocks=2)
        for weight in network.parameters():
            nn.init.normal_(weight, 0, 0.2)
        with torch.no_grad():
            made, real = (
                (image.clamp(-1, 1) * 127.5 + 127.5).byte().numpy().transpose(0, 2, 3, 1)
                for image in (network(flat, columns), flat)
            )
        found.append(max(grids(made, real).values()))
    assert found[0] < 1.5 < 10 < found[1]


@pytest.mark.parametrize("name", [name for name, entry in GENERATORS.items() if isinstance(entry, OfLabels) or entry.labels])
def test_every_weight_for_labels_has_an_effect(name: str) -> None:
    """Where a norm subtracts a label, its weights have next to no gradient. Weights that begin at 0 are made random."""
    torch.manual_seed(0)
    spec = ImageSpec(3, 64, 64)
    network = generator_named(name, spec, spec, 3, width=8, blocks=2)
    for weight in network.parameters():
        if not weight.any():
            nn.init.normal_(weight, 0, 0.2)
    image, labels = torch.rand(2, 3, 64, 64) * 2 - 1, torch.eye(3)
    made = network(image, labels[[0, 0]])
    made.square().sum().backward()
    assert (made - network(image, labels[[2, 2]])).abs().mean() > 3e-3
    for place, slots in getattr(network, "label_slots", {}).items():
        gradient = network.get_parameter(place).grad.movedim(slots.dimension, 0).abs()
        own = 3 * slots.each
        assert gradient[-own:].mean() > 1e-3 * gradient[:-own].mean(), place


@pytest.mark.parametrize("kind", [MaskedGenerator, ResUNet])
def test_what_is_kept_is_brought_to_the_target_s_channels(kind: type[MaskedGenerator | ResUNet]) -> None:
    """With a mask of 0: gray three times, or the luminance."""
    for here, there in ((1, 3), (3, 1)):
        network = kind(ImageSpec(here, 16, 16), 0, width=4, channels=there)
        last = next(layer for layer in reversed(list(network.leave.modules())) if isinstance(layer, nn.Conv2d))
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, -30.0)
        image = torch.rand(2, here, 16, 16) * 2 - 1
        weights = torch.tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)
        expected = image.expand(-1, 3, -1, -1) if here == 1 else (image * weights).sum(1, keepdim=True)
        assert torch.allclose(network(image, torch.zeros(2, 0)), expected, atol=1e-6)


@pytest.mark.parametrize("name", GENERATORS)
def test_stages_are_the_first_half_of_the_network(name: str) -> None:
    """Chained, they are computed once in the network's own forward: each of their layers gives what it gives there."""
    spec = ImageSpec(3, 16, 16)
    network = generator_named(name, spec, spec, width=4, blocks=3).eval()
    stages = encoder_stages(name, network)
    image, seen = torch.rand(1, 3, 16, 16), []
    layers = [layer for layer in nn.Sequential(*stages).modules() if isinstance(layer, nn.Conv2d)]
    hooks = [layers[-1].register_forward_hook(lambda module, inputs, output: seen.append(output))]
    network(image)
    found = features(stages, image)
    assert len(seen) == 2 and torch.equal(*seen) and len(layers) < sum(hasattr(each, "kernel_size") for each in network.modules())
    assert len(found) >= 3 and all(each.shape[2] >= 2 for each in found)
    hooks[0].remove()


def test_a_generator_for_each_target() -> None:
    images = {"digits": ImageSpec(1, 28, 28), "numbers": ImageSpec(3, 32, 32)}
    sources = {"digits": "numbers", "numbers": "digits"}
    generators = nn.ModuleDict(
        {
            target: resnet_generator(images[source].channels, images[target].channels, width=2, blocks=1)
            for target, source in sources.items()
        }
    )
    translate = PerTarget(generators, images, sources)
    there = translate(torch.zeros(2, 1, 28, 28), Domain("digits"), Domain("numbers"))
    back = translate(there, Domain("numbers"), Domain("digits"))
    assert there.shape == (2, 3, 32, 32) and back.shape == (2, 1, 28, 28)
    with pytest.raises(ValueError, match="digits"):
        PerTarget(generators, images, sources, "valid_conv")(torch.zeros(2, 1, 28, 28), Domain("digits"), Domain("digits"))


def test_a_generator_takes_its_own_space_in_the_channels_of_the_other() -> None:
    images = {"gray": ImageSpec(1, 8, 8), "color": ImageSpec(3, 8, 8)}
    generators = nn.ModuleDict({"gray": nn.Conv2d(3, 1, 1), "color": nn.Conv2d(1, 3, 1)})
    translate = PerTarget(generators, images, {"gray": "color", "color": "gray"})
    gray, color = torch.rand(2, 1, 8, 8), torch.rand(2, 3, 8, 8)
    assert torch.equal(translate(gray, Domain("gray"), Domain("gray")), generators["gray"](torch.cat([gray] * 3, 1)))
    weighted = 0.299 * color[:, :1] + 0.587 * color[:, 1:2] + 0.114 * color[:, 2:]
    assert torch.allclose(translate(color, Domain("color"), Domain("color")), generators["color"](weighted))


def test_colors() -> None:
    one = torch.tensor([1.0, 0.5, -1.0]).reshape(1, 3, 1, 1)
    assert luminance(one).item() == pytest.approx(0.299 + 0.587 * 0.5 - 0.114)
    gray = torch.rand(2, 1, 4, 4) * 2 - 1
    assert luminance(gray) is gray and in_channels(one, 3) is one
    assert torch.allclose(in_channels(in_channels(gray, 3), 1), gray, atol=1e-6)  # the three weights make 1
    with pytest.raises(ValueError, match="3 channels cannot be brought to 4"):
        in_channels(one, 4)


def test_fit_is_geometry_consistent() -> None:
    image = torch.linspace(-1, 1, 28).expand(1, 1, 28, 28)
    assert torch.equal(fit(image, (28, 28)), image)
    assert (fit(fit(image, (32, 32)), (28, 28)) - image).abs().mean() < 0.02


def test_fit_of_half_precision_is_that_of_full() -> None:
    image = (torch.rand(2, 3, 28, 28) * 2 - 1).bfloat16().requires_grad_()
    larger = fit(image, (32, 32))
    assert larger.dtype == torch.bfloat16 and torch.equal(larger, fit(image.float(), (32, 32)).bfloat16())
    larger.float().sum().backward()
    assert image.grad is not None and image.grad.float().mean().item() == pytest.approx(32 * 32 / 28**2, rel=0.01)


def test_labeled_takes_the_target_label() -> None:
    space = Space({"photos": ImageSpec(3, 8, 8)}, (Binary("beard"), Binary("glasses")))
    network = Labeled(LabelGenerator(space.spec, 2, width=4, blocks=1), space)
    image, label = torch.rand(1, 3, 8, 8), torch.tensor([[1.0, 0.0]])
    translated = network(image, Domain("photos", 1 - label), Domain("photos", label))
    assert torch.equal(translated, network.network(image, label))


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_patches_need_images_of_some_size(layers: int) -> None:
    smallest = 3 * 2**layers
    check_patches(smallest, smallest + 5, layers)
    assert patch_discriminator(1, width=2, layers=layers)(torch.zeros(1, 1, smallest, smallest)).shape == (1, 1, 1, 1)
    with pytest.raises(UsageError, match=f"{smallest} px"):
        check_patches(smallest - 1, smallest, layers)


@pytest.mark.parametrize(("side", "channels"), [(4, 64), (4, 63), (5, 64), (16, 64)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_product_of_matrices_is_the_convolution(side: int, channels: int, bias: bool) -> None:
    """Outputs, gradients, and the gradients of a gradient's square, as a penalty has them; with few positions and with many."""
    layer = HalvingConvolution(6, channels, bias=bias).double()
    image = torch.randn(2, 6, side, side, generator=seeded("halving"), dtype=torch.float64)
    found = [_up_to_a_penalty(run, image, layer) for run in (layer, partial(nn.Conv2d.forward, layer))]
    for mine, torchs in zip(*found, strict=True):
        assert mine.shape == torchs.shape and torch.allclose(mine, torchs, rtol=1e-10, atol=1e-10)


def _up_to_a_penalty(run: Callable[[Tensor], Tensor], image: Tensor, layer: nn.Module) -> list[Tensor]:
    image = image.clone().requires_grad_()
    made = run(image)
    (gradient,) = torch.autograd.grad(F.leaky_relu(made, 0.01).square().sum(), image, create_graph=True)
    return [made, gradient, *torch.autograd.grad(gradient.square().sum() + made.sum(), [image, *layer.parameters()])]
