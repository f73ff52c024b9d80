"""Style transfer: losses by hand, presets, what is kept, and pictures that come nearer."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from viceversa.core.schedules import Progress
from viceversa.errors import UsageError
from viceversa.losses.style import (
    authors_squares,
    by_channels_squared,
    by_four_channels_squared,
    gram,
    half_squares,
    mean_squares,
    relative_squares,
    squares,
)
from viceversa.losses.variation import total_variation
from viceversa.networks import perception as perception_module
from viceversa.networks.adapters import luminance
from viceversa.networks.perception import load_perception
from viceversa.style.canvas import Canvas, tensor_of, with_range_of
from viceversa.style.painting import Painting, PaintingTask, objective_of, optimized, units_of
from viceversa.style.presets import PRESETS, PresetName
from viceversa.style.stylize import PaintingInterrupted, Stylize, stylize

ASSETS = os.environ.get("VICEVERSA_ASSETS")
WEIGHTS = Path(ASSETS or "", "weights")
VGG16, SQUEEZENET = WEIGHTS / "vgg16_imagenet_features.safetensors", WEIGHTS / "squeezenet1_1_imagenet_features.safetensors"
real_weights = pytest.mark.skipif(not ASSETS, reason="VICEVERSA_ASSETS does not say where weights are")
TWO = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 1, 2)


def picture(seed: int, height: int = 40, width: int = 48) -> Image.Image:
    """Smooth colors."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def test_gram_matrices() -> None:
    """F F^T is [[5, 11], [11, 25]]; M = 2 places."""
    assert gram(TWO)[0].tolist() == [[2.5, 5.5], [5.5, 12.5]]
    features = torch.randn(1, 3, 4, 5)
    mixed = features.flatten(2)[:, :, torch.randperm(20)].reshape(1, 3, 5, 4)
    assert torch.allclose(gram(features), gram(mixed), atol=1e-6)


def test_distances() -> None:
    one, other = gram(TWO), torch.zeros(1, 2, 2)
    total = 2.5**2 + 2 * 5.5**2 + 12.5**2  # 223
    expected = {squares: total, half_squares: total / 2, mean_squares: total / 4, by_four_channels_squared: total / 16,
                by_channels_squared: 1.25**2 + 2 * 2.75**2 + 6.25**2, authors_squares: 1000 / 4 * total / 4}  # fmt: skip
    for distance, value in expected.items():
        assert distance(one, other).item() == pytest.approx(value) and distance(one, one) == 0
    assert relative_squares(other, one).item() == pytest.approx(1)
    assert relative_squares(3 * one, one).item() == pytest.approx(4)


def test_total_variation() -> None:
    assert total_variation(torch.tensor([[0.0, 1.0], [2.0, 3.0]])[None, None]) == 10  # 2 * 2^2 + 2 * 1^2
    assert total_variation(torch.full((1, 3, 4, 4), 0.3)) == 0


@pytest.mark.parametrize("name", PRESETS)
def test_a_picture_that_is_content_and_style_has_no_loss(name: PresetName) -> None:
    perception, image = load_perception(), tensor_of(picture(0))
    preset = PRESETS[name]
    task = PaintingTask(perception, preset, image, [(1.0, image)])
    (mean, scale) = units = units_of(perception, preset)
    pixels = (image - image.new_tensor(mean)[:, None, None]) * image.new_tensor(scale)[:, None, None]
    losses = objective_of(perception, preset)(Painting(task, pixels, units), Progress(0, 1))
    other = PaintingTask(perception, preset, image, [(1.0, tensor_of(picture(1)))])
    wrong = objective_of(perception, preset)(Painting(other, pixels, units), Progress(0, 1))
    assert losses["content"] < 1e-6 * wrong["style"] and losses["style"] < 1e-6 * wrong["style"]
    assert ("variation" in losses) == (preset.variation > 0)


@pytest.mark.parametrize("name", PRESETS)
def test_losses_fall(name: PresetName) -> None:
    painted = stylize(picture(0), picture(1), Stylize(preset=name, size=48, sizes=1, evaluations=60))
    first, last = (sum(losses.values()) for losses in (painted.losses[0], painted.losses[-1]))
    assert len(painted.losses) == 60 and last < 0.7 * first
    assert painted.image.size == (48, 40)


def test_from_coarse_to_fine() -> None:
    assert Stylize(size=256, sizes=3, evaluations=90).stages == ((64, 30), (128, 30), (256, 30))
    assert Stylize(size=100, sizes=4, evaluations=10).stages == ((50, 6), (100, 4))  # 25 px are too few
    heard: list[tuple[int, int]] = []
    painted = stylize(
        picture(0),
        picture(1),
        Stylize(size=96, evaluations=9),
        snapshots=3,
        heard=lambda done, total, _: heard.append((done, total)),
    )
    assert [number for number, _ in painted.strip] == [3, 6, 9] and [image.width for _, image in painted.strip] == [48, 48, 96]
    assert heard == [(number, 9) for number in range(1, 10)]


def test_styles_have_weights() -> None:
    settings = Stylize(size=48, sizes=1, evaluations=10)
    one, two, both, first = (
        stylize(picture(0), styles, settings.model_copy(update={"shares": weights}))
        for styles, weights in (
            (picture(1), ()),
            (picture(2), ()),
            ((picture(1), picture(2)), ()),
            ((picture(1), picture(2)), (1, 0)),
        )
    )
    assert np.array_equal(np.asarray(one.image), np.asarray(first.image))
    between = both.losses[0]["style"]
    assert between == pytest.approx((one.losses[0]["style"] + two.losses[0]["style"]) / 2, rel=1e-5)
    with pytest.raises(UsageError, match="shares 1, 2, 3: give one for each of the 2 styles"):
        stylize(picture(0), (picture(1), picture(2)), settings.model_copy(update={"shares": (1, 2, 3)}))


def test_colors_are_kept() -> None:
    content = picture(0)
    painted = stylize(content, picture(1), Stylize(size=48, sizes=1, evaluations=40, keep_colors=True))
    before, after = tensor_of(content), tensor_of(painted.image)
    chroma = [image - luminance(image) for image in (before, after)]
    inside = ((after > 0.01) & (after < 0.99)).all(1, keepdim=True).expand_as(after)  # else a color was cut off
    assert inside.float().mean() > 0.5
    assert (chroma[0] - chroma[1])[inside].abs().max() < 3 / 255
    assert (luminance(after) - luminance(before)).abs().mean() > 0.01


def test_luminance_takes_the_range_of_another() -> None:
    gray = with_range_of(torch.tensor([[0.2, 0.4, 0.6]]), torch.tensor([[0.45, 0.5, 0.55]]))
    assert gray.tolist()[0] == pytest.approx([0.45, 0.5, 0.55])


def test_an_image_of_one_pixel_has_no_deviation() -> None:
    """As content and as style: a mean, and finite."""
    one, three = torch.tensor([[0.3]]), torch.tensor([[0.2, 0.4, 0.9]])
    assert with_range_of(three, one).tolist()[0] == pytest.approx([0.3] * 3)
    assert with_range_of(one, three).tolist()[0] == pytest.approx([0.5])


def test_a_mask_keeps_its_region() -> None:
    content, mask = picture(0), Image.new("L", (48, 40), 0)
    mask.paste(255, (24, 0, 48, 40))
    painted = stylize(content, picture(1), Stylize(size=48, sizes=1, evaluations=40), mask=mask.convert("RGB"))
    moved = np.abs(np.asarray(painted.image).astype(int) - np.asarray(content)).mean(2)
    assert moved[:, :24].max() <= 1 and moved[:, 24:].mean() > 2


def test_an_interrupt_keeps_the_picture() -> None:
    def stop(done: int, total: int, losses: object) -> None:
        if done == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as interrupted:
        stylize(picture(0), picture(1), Stylize(size=48, sizes=1, evaluations=50), heard=stop)
    assert isinstance(interrupted.value, PaintingInterrupted)
    painted = interrupted.value.painted
    assert len(painted.losses) == 40
    assert np.abs(np.asarray(painted.image).astype(int) - np.asarray(picture(0))).mean() > 1


def test_nothing_but_the_pixels_gets_a_gradient() -> None:
    perception = load_perception()
    task = PaintingTask(perception, PRESETS["relative"], tensor_of(picture(0)), [(1.0, tensor_of(picture(1)))])
    optimized(task, task.content, 2, lambda losses, now: None)
    assert all(weight.grad is None for layer in perception.layers.values() for weight in layer.parameters())


def test_pictures_are_upright_on_white_and_of_three_channels() -> None:
    clear = Image.new("RGBA", (4, 4), (10, 20, 30, 0))
    assert (tensor_of(clear) == 1).all()
    turned = Image.new("RGB", (6, 4), "red")
    turned.getexif()[274] = 6
    assert tensor_of(turned).shape == (1, 3, 6, 4)
    with pytest.raises(UsageError, match=r"cannot use an array \(4, 4\) of int64"):
        tensor_of(np.zeros((4, 4), np.int64))
    assert tensor_of(np.full((4, 4), 0.5)).unique().tolist() == pytest.approx([0.5], abs=1e-5), "floats are gray of 16 bits"
    canvas = Canvas(tensor_of(picture(0)))
    assert np.array_equal(np.asarray(canvas.finished(canvas.start)), np.asarray(picture(0)))


@real_weights
@pytest.mark.parametrize(("path", "name", "layers"), [(VGG16, "VGG-16", 18), (SQUEEZENET, "SqueezeNet 1.1", 12)])
def test_real_weights(path: Path, name: str, layers: int) -> None:
    perception = load_perception(path)
    assert perception.name == name and len(perception.layers) == layers
    seen = perception(torch.rand(1, 3, 64, 48), (perception.content, *perception.style))
    assert all((features >= 0).all() and features.std() > 0 for features in seen.values())
    painted = stylize(picture(0), picture(1), Stylize(size=48, sizes=1, evaluations=20), weights=path)
    assert sum(painted.losses[-1].values()) < 0.7 * sum(painted.losses[0].values())


@real_weights
def test_vgg_is_its_equation() -> None:
    """relu1_1 and relu2_1 of the file, composed by hand from its metadata: (RGB - mean) 255."""
    numbers = {key: value.float() for key, value in safetensors.torch.load_file(VGG16).items()}
    image = torch.rand(1, 3, 16, 16)
    hidden = (image - torch.tensor([0.485020, 0.457957, 0.407604])[:, None, None]) * 255

    def convolved(before: Tensor, index: int) -> Tensor:
        return torch.conv2d(before, numbers[f"features.{index}.weight"], numbers[f"features.{index}.bias"], padding=1).relu()

    first = convolved(hidden, 0)
    second = convolved(torch.max_pool2d(convolved(first, 2), 2), 5)
    seen = load_perception(VGG16)(image, ("relu1_1", "relu2_1"))
    assert torch.equal(seen["relu1_1"], first) and torch.equal(seen["relu2_1"], second)
    average = load_perception(VGG16, "average")(image, ("relu2_1",))["relu2_1"]
    assert torch.allclose(average, convolved(torch.nn.functional.avg_pool2d(convolved(first, 2), 2), 5))


@pytest.fixture(scope="module")
def vgg19(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small random weights under torchvision's names: sixteen convolutions, whose indices are those of arXiv 1409.1556, E."""
    generator, before, numbers = torch.Generator().manual_seed(0), 3, {}
    for index in (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34):
        after = 64 if index < 5 else 128 if index < 10 else 256 if index < 19 else 512
        numbers[f"features.{index}.weight"] = torch.randn(after, before, 3, 3, generator=generator) * (2 / 9 / before) ** 0.5
        numbers[f"features.{index}.bias"], before = torch.zeros(after), after
    path = tmp_path_factory.mktemp("weights") / "vgg19.safetensors"
    safetensors.torch.save_file(numbers, path)
    return path


def test_vgg19_is_told_from_vgg16_and_has_torchvision_s_order(vgg19: Path) -> None:
    """relu4_2, the content's layer, is the ReLU behind `features.21`, and relu5_1 that behind `features.28`, past four pools."""
    numbers, perception, image = safetensors.torch.load_file(vgg19), load_perception(vgg19), torch.rand(1, 3, 32, 32)
    hidden = (image - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    expected = {}
    for index in (0, 2, "pool", 5, 7, "pool", 10, 12, 14, 16, "pool", 19, 21, 23, 25, "pool", 28):
        if index == "pool":
            hidden = torch.max_pool2d(hidden, 2)
        else:
            weight, bias = (numbers[f"features.{index}.{part}"] for part in ("weight", "bias"))
            hidden = expected[index] = torch.conv2d(hidden, weight, bias, padding=1).relu()
    seen = perception(image, (perception.content, *perception.style))
    assert perception.name == "VGG-19" and perception.content == "relu4_2" and len(perception.layers) == 21
    for name, index in (("relu1_1", 0), ("relu2_1", 5), ("relu3_1", 10), ("relu4_1", 19), ("relu4_2", 21), ("relu5_1", 28)):
        assert torch.allclose(seen[name], expected[index], atol=1e-4) and seen[name].std() > 0, name


def test_vgg19_that_cannot_be_downloaded_or_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perception_module, "VGG19_URL", "http://127.0.0.1:9/vgg19-dcbb9e9d.pth")  # where nothing listens
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"could not be downloaded from http.*Connection refused.*name it with `weights`"):
        load_perception("vgg19")
    kept = tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    kept.write_bytes(b"no weights")
    with pytest.raises(UsageError, match=r"vgg19-dcbb9e9d\.pth' is damaged: remove it, and it is downloaded again\."):
        load_perception("vgg19")


@pytest.mark.parametrize("mean", ["0.5;0.5;0.5", "0.5,0.5", ""])
def test_a_convention_that_is_none(mean: str, vgg19: Path, tmp_path: Path) -> None:
    safetensors.torch.save_file(safetensors.torch.load_file(vgg19), tmp_path / "other.safetensors", {"mean": mean})
    with pytest.raises(UsageError, match=f"of the weights must be one number, or three numbers with commas, not '{mean}'"):
        load_perception(tmp_path / "other.safetensors")


@real_weights
def test_a_layer_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"VGG-16 has no layer 'relu9_9'; it has relu1_1, relu1_2, pool1"):
        load_perception(VGG16)(torch.rand(1, 3, 32, 32), ("relu9_9",))
    cut = {key: value for key, value in safetensors.torch.load_file(VGG16).items() if "28" not in key}
    safetensors.torch.save_file(cut, tmp_path / "cut.safetensors")
    with pytest.raises(UsageError, match=r"features.28.weight is nothing, not \(512, 512, 3, 3\)"):
        load_perception(tmp_path / "cut.safetensors")
    with pytest.raises(UsageError, match="no weights 'nowhere': name a safetensors file, or vgg19"):
        load_perception("nowhere")
