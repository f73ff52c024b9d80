"""Weights of the reference projects as runs: the same function, to the last rounding; and files that are something else.

The reference networks are stated here from their papers' tables, with the keys of the projects' files.
"""

from __future__ import annotations

import itertools
import math
import re
import shlex
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import processes
from viceversa.cli.importing import attributes_of
from viceversa.cli.importing import run as import_command
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.errors import UsageError
from viceversa.evaluation.evaluate import evaluate
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.metrics import labeller_training
from viceversa.runs.record import read_record
from viceversa.training.importing import import_cyclegan, import_stargan
from viceversa.training.run import train

ROOT = Path(__file__).resolve().parents[2]
HAIR = (OneOf("hair", ("black", "blond", "brown")), Binary("male"), Binary("young"))


class Body(nn.Module):
    """x + main(x), under the name that a project gives it."""

    def __init__(self, name: str, *layers: nn.Module) -> None:
        super().__init__()
        self.add_module(name, nn.Sequential(*layers))

    def forward(self, image: Tensor) -> Tensor:
        (body,) = self.children()
        return image + body(image)


class Generator(nn.Module):
    """StarGAN, table 4; its norm keeps running statistics, which in train mode are not used."""

    def __init__(self, width: int = 4, columns: int = 5, blocks: int = 2) -> None:
        super().__init__()
        norm, conv = partial(nn.InstanceNorm2d, affine=True, track_running_stats=True), partial(nn.Conv2d, bias=False)
        layers = [conv(3 + columns, width, 7, 1, 3), norm(width), nn.ReLU()]
        for wide in (2 * width, 4 * width):
            layers += [conv(wide // 2, wide, 4, 2, 1), norm(wide), nn.ReLU()]
        wide = 4 * width
        for _ in range(blocks):
            halves = conv(wide, wide, 3, 1, 1), norm(wide), nn.ReLU(), conv(wide, wide, 3, 1, 1), norm(wide)
            layers.append(Body("main", *halves))
        for wide in (2 * width, width):
            layers += [nn.ConvTranspose2d(2 * wide, wide, 4, 2, 1, bias=False), norm(wide), nn.ReLU()]
        self.main = nn.Sequential(*layers, conv(width, 3, 7, 1, 3), nn.Tanh())

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        tiled = label[:, :, None, None].repeat(1, 1, *image.shape[2:])
        return self.main(torch.cat([image, tiled], 1))


class Discriminator(nn.Module):
    """StarGAN, table 5."""

    def __init__(self, size: int = 32, width: int = 4, columns: int = 5, layers: int = 4) -> None:
        super().__init__()
        widths = [3] + [width * 2**number for number in range(layers)]
        parts = [(nn.Conv2d(*pair, 4, 2, 1), nn.LeakyReLU(0.01)) for pair in itertools.pairwise(widths)]
        self.main = nn.Sequential(*(layer for part in parts for layer in part))
        self.conv1 = nn.Conv2d(widths[-1], 1, 3, 1, 1, bias=False)
        self.conv2 = nn.Conv2d(widths[-1], columns, size // 2**layers, bias=False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        features = self.main(image)
        return self.conv1(features), self.conv2(features).flatten(1)


class ResnetGenerator(nn.Module):
    """CycleGAN, appendix 7.2, without a norm on the last convolution."""

    def __init__(
        self, inputs: int = 3, outputs: int = 3, width: int = 4, norm_layer: Callable[[int], nn.Module] = nn.InstanceNorm2d,
        n_blocks: int = 2,
    ) -> None:  # fmt: skip
        super().__init__()
        norm, pad = norm_layer, nn.ReflectionPad2d
        conv = partial(nn.Conv2d, bias=norm is not nn.BatchNorm2d)
        layers = [pad(3), conv(inputs, width, 7), norm(width), nn.ReLU()]
        for wide in (2 * width, 4 * width):
            layers += [conv(wide // 2, wide, 3, 2, 1), norm(wide), nn.ReLU()]
        wide = 4 * width
        for _ in range(n_blocks):
            halves = pad(1), conv(wide, wide, 3), norm(wide), nn.ReLU(), pad(1), conv(wide, wide, 3), norm(wide)
            layers.append(Body("conv_block", *halves))
        for wide in (2 * width, width):
            layers += [nn.ConvTranspose2d(2 * wide, wide, 3, 2, 1, 1), norm(wide), nn.ReLU()]
        self.model = nn.Sequential(*layers, pad(3), nn.Conv2d(width, outputs, 7), nn.Tanh())

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image)


class NLayerDiscriminator(nn.Module):
    """CycleGAN's discriminator of patches; the last two convolutions have stride 1."""

    def __init__(
        self, inputs: int = 3, width: int = 4, layers: int = 3, norm_layer: Callable[[int], nn.Module] = nn.InstanceNorm2d
    ) -> None:
        super().__init__()
        widths = [width * min(2**number, 8) for number in range(layers + 1)]
        parts: list[nn.Module] = [nn.Conv2d(inputs, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for number, (before, after) in enumerate(itertools.pairwise(widths), start=1):
            parts += [nn.Conv2d(before, after, 4, 2 if number < layers else 1, 1), norm_layer(after), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*parts, nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image)


class GANLoss:
    """Least squares against 1 for real and 0 for fake."""

    def __init__(self, mode: str) -> None:
        assert mode == "lsgan"

    def __call__(self, score: Tensor, real: bool) -> Tensor:
        return (score - float(real)).square().mean()


def scattered(network: nn.Module, seed: int = 0) -> Any:
    """Every weight and statistic at a random place, so that none can be mistaken for another."""
    generator = torch.Generator().manual_seed(seed)
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.add_(0.1 * torch.rand(value.shape, generator=generator))
    return network.train()


def saved(folder: Path, **networks: nn.Module) -> list[Path]:
    """Files as the projects write them: G_A becomes latest_net_G_A.pth."""
    paths = [folder / f"latest_net_{name}.pth" for name in networks]
    for path, network in zip(paths, networks.values(), strict=True):
        torch.save(network.state_dict(), path)
    return paths


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=seeded("importing")) * 2 - 1


def close(ours: Tensor, theirs: Tensor) -> None:
    assert ours.shape == theirs.shape and (ours - theirs).abs().max() <= 1e-5


def translated(model: Model, image: Tensor, source: str, target: str) -> Tensor:
    return model.translate_images(image, Domain(source), Domain(target))


def test_stargan_is_the_same_function(tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator, discriminator = scattered(Generator()), scattered(Discriminator())
    assert import_stargan(saved(tmp_path, D=discriminator, G=generator), tmp_path / "run", attributes=HAIR) == []
    model = load(tmp_path / "run")
    image = noise(2, 3, 32, 32)
    label = torch.tensor([[0.0, 1, 0, 1, 0], [1, 0, 0, 0, 1]])
    with torch.no_grad():
        close(model.translate_images(image, Domain("images"), Domain("images", label)), generator(image, label))
        for ours, theirs in zip(model.method.networks["discriminator"].network(image), discriminator(image), strict=True):
            close(ours, theirs)
    assert [spec.shape for spec in model.space.images.values()] == [(3, 32, 32)]
    assert model.space.attributes == HAIR


def test_the_norms_statistics_are_those_of_the_image(tmp_path: Path) -> None:
    """In eval mode the reference's norm would take its running statistics; neither project does that, nor do we."""
    generator = scattered(Generator())
    import_stargan(saved(tmp_path, G=generator), tmp_path / "run", attributes=HAIR, size=32)
    label, image = torch.ones(1, 5), noise(1, 3, 32, 32)
    ours = load(tmp_path / "run").translate_images(image, Domain("images"), Domain("images", label))
    with torch.no_grad():
        close(ours, generator(image, label))
        assert (generator.eval()(image, label) - ours).abs().max() > 0.01


@pytest.mark.parametrize("blocks", [6, 9])
def test_cyclegan_is_the_same_function(blocks: int, tmp_path: Path) -> None:
    """In any order of the files: G_A leads from A to B, D_A judges B; A is gray, so that nothing can be exchanged."""
    torch.manual_seed(0)
    networks = {
        "G_A": ResnetGenerator(1, 3, n_blocks=blocks), "G_B": ResnetGenerator(3, 1, n_blocks=blocks),
        "D_A": NLayerDiscriminator(3), "D_B": NLayerDiscriminator(1),
    }  # fmt: skip
    for number, network in enumerate(networks.values()):
        scattered(network, number)
    files = saved(tmp_path, **networks)
    assert import_cyclegan(files[::-1], tmp_path / "run", spaces=("sketch", "photo"), size=32) == []
    model, gray, color = load(tmp_path / "run"), noise(2, 1, 32, 32), noise(2, 3, 32, 32)
    with torch.no_grad():
        close(translated(model, gray, "sketch", "photo"), networks["G_A"](gray))
        close(translated(model, color, "photo", "sketch"), networks["G_B"](color))
        critic = model.method.networks["discriminators"]
        close(critic(color, Domain("photo")).score, networks["D_A"](color))
        close(critic(gray, Domain("sketch")).score, networks["D_B"](gray))


def test_files_without_a_name_come_in_order_and_named_ones_where_they_belong(tmp_path: Path) -> None:
    networks = [scattered(ResnetGenerator(), seed) for seed in (1, 2)]
    image = noise(1, 3, 32, 32)
    for names, first in ((("horse2zebra", "zebra2horse"), 0), (("latest_net_G_B", "zebra2horse"), 1)):
        for name, network in zip(names, networks, strict=True):
            torch.save(network.state_dict(), tmp_path / f"{name}.pth")
        out = tmp_path / f"run {first}"
        missing = import_cyclegan([tmp_path / f"{name}.pth" for name in names], out, spaces=("a", "b"), size=32)
        assert missing == ["D_A", "D_B"]
        with torch.no_grad():
            close(translated(load(out), image, "a", "b"), networks[first](image))


def test_an_imported_run_is_evaluated(tmp_path: Path) -> None:
    """On data of its spaces; its own it does not have."""
    files = saved(tmp_path, G_A=scattered(ResnetGenerator(), 1), G_B=scattered(ResnetGenerator(), 2))
    import_cyclegan(files, tmp_path / "run", spaces=("plain", "glasses"), size=32)
    report = evaluate(tmp_path / "run", "avatars:glasses", cycles=1, samples=4, quiet=True)
    assert "run" in report.table()
    with pytest.raises(UsageError, match="imported"):
        evaluate(tmp_path / "run", quiet=True)


def test_an_imported_stargan_is_evaluated_and_is_a_start_on_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At step 0 the discriminator and the generator are the imported ones; the labels are the table's by their names."""
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 2)  # it would take all rounds, and is not what is looked at
    files = saved(tmp_path, G=scattered(Generator(), 1), D=Discriminator())
    import_stargan(files, tmp_path / "run", attributes=HAIR)
    lines = ["file,split,hair,male,young"]
    for number in range(24):
        Image.new("RGB", (32, 32), (10 * number, 0, 99)).save(tmp_path / f"{number}.png")
        split = ("train", "train", "validation", "test")[number % 4]
        lines.append(f"{number}.png,{split},{('black', 'blond', 'brown')[number % 3]},{number // 3 % 2},{number // 5 % 2}")
    (tmp_path / "faces.csv").write_text("\n".join(lines))
    report = evaluate(tmp_path / "run", str(tmp_path / "faces.csv"), cycles=1, samples=4, quiet=True)
    assert {row.model for row in report.rows} == {"run", "floor", "ceiling", "real"}
    own = {"method.generator": "label", "method.width": 4, "method.blocks": 2, "method.critic_width": 4}
    short = {"size": 32, "batch": 4, "labeller": False, "average": 0, "precision": "fp32", "quiet": True}
    data = str(tmp_path / "faces.csv")
    outcome = train("stargan", data=data, init=tmp_path / "run", out=tmp_path / "more", steps=4, until=1, settings=own, **short)
    assert outcome.step == 1
    before, after = (load(tmp_path / name).method.networks.state_dict() for name in ("run", "more"))
    moved = max((after[name] - value).abs().max().item() for name, value in before.items())
    assert 0 < moved < 2e-3, "one step of Adam at 1e-3 from the imported weights"
    with pytest.raises(UsageError, match="was imported and has no training to continue"):
        train("stargan", out=tmp_path / "run", resume=True, quiet=True)


def test_an_imported_run_is_recorded(tmp_path: Path) -> None:
    import_stargan(saved(tmp_path, G=Generator(8, 5, 3), D=Discriminator(64, 16, 5, 5)), tmp_path / "run", attributes=HAIR)
    record = read_record(tmp_path / "run")
    assert (record.dataset, record.recipe.data, record.recipe.size, record.device) == ("imported", "imported", 64, "cpu")
    method = record.recipe.method
    assert (method.generator, method.width, method.blocks, method.critic_width) == ("label", 8, 3, 16)
    assert not (tmp_path / "run" / "labeller.safetensors").exists()


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("a,b,c", (Binary("a"), Binary("b"), Binary("c"))),
        (" mood = sad | glad , tone = 0..1", (OneOf("mood", ("sad", "glad")), Graded("tone"))),
        ("mood=x|y|z", (OneOf("mood", ("x", "y", "z")),)),
    ],
)
def test_attributes_are_written_in_words(text: str, attributes: object) -> None:
    assert attributes_of(text) == attributes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,a,b", "'a' twice"),
        ("a,,b", "''"),
        ("a=x,b,c", "'a=x'"),
        ("a=x|x,b", "'a=x|x'"),
        ("a=x|,b", "'a=x|'"),
    ],
)
def test_attributes_that_cannot_be_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        attributes_of(text)


def prefixed(state: Any, prefix: str) -> Any:
    return {f"{prefix}{key}": value for key, value in state.items()}


def checkpoint(state: Any) -> Any:
    """As many trainings save one: beside the weights, the step and what an optimizer holds."""
    weight = next(iter(state.values()))
    held = {"state": {0: {"exp_avg": weight, "step": torch.tensor(3.0)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    return {
        "epoch": 3,
        "optimizer": held,
        "scaler": {"scale": 1.0},
        "history": [weight],
        "none": {},
        "generator": {"state_dict": state},
    }


WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "parallel": lambda state: prefixed(state, "module."),
    "compiled": lambda state: prefixed(state, "_orig_mod."),
    "parallel and compiled": lambda state: prefixed(state, "module._orig_mod."),
    "compiled and parallel": lambda state: prefixed(state, "_orig_mod.module."),
    "state_dict": lambda state: {"state_dict": state},
    "model": lambda state: {"model": prefixed(state, "module."), "step": torch.tensor(7)},
    "checkpoint": checkpoint,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_wrapped_weights_are_the_same_weights(wrap: Callable[[Any], Any], tmp_path: Path) -> None:
    networks = {"G": scattered(Generator(4, 5, 2)), "D": scattered(Discriminator(32, 4, 5, 4), 1)}
    plain = saved(tmp_path, **networks)
    wrapped = [tmp_path / f"wrapped-{name}.pth" for name in networks]
    for path, network in zip(wrapped, networks.values(), strict=True):
        torch.save(wrap(network.state_dict()), path)
    for files, out in ((plain, "plain"), (wrapped, "wrapped")):
        assert import_stargan(files, tmp_path / out, attributes=HAIR) == []
    one, other = (load(tmp_path / out, checkpoint="last").method.networks.state_dict() for out in ("plain", "wrapped"))
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_several_state_dicts_in_a_file_are_refused_by_name(tmp_path: Path) -> None:
    state = Generator().state_dict()
    torch.save({"networks": {"generator": state, "average": prefixed(state, "module.")}}, tmp_path / "both.pth")
    with pytest.raises(UsageError, match=r"both\.pth' holds several state dicts, 'networks\.generator' and 'networks\.average'"):
        import_stargan([tmp_path / "both.pth"], tmp_path / "run", attributes=HAIR, size=32)


def test_mappings_that_lead_to_each_other_come_to_an_end(tmp_path: Path) -> None:
    knot: dict[str, Any] = {}
    knot |= {str(number): knot for number in range(1000)}
    for _ in range(5):
        knot = {str(number): knot for number in range(100)}
    torch.save(knot, tmp_path / "knot.pth")
    with pytest.raises(UsageError, match="holds no state dict"):
        import_stargan([tmp_path / "knot.pth"], tmp_path / "run", attributes=HAIR, size=32)


class Trap:
    """Pickled, it would make a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_files_that_are_no_weights_are_refused_and_nothing_in_them_is_run(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    contents: dict[str, Any] = {"trap": Trap(trap), "list": [torch.zeros(2)], "nested": {"epoch": 3, "weights": {}}, "empty": {}}
    for name, content in contents.items():
        torch.save(content, tmp_path / name)
    (tmp_path / "text").write_text("no weights")
    (tmp_path / "nothing").write_bytes(b"")
    whole = (tmp_path / "list").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    for name in (*contents, "text", "nothing", "half", "absent"):
        with pytest.raises(UsageError, match=name) as refused:
            import_stargan([tmp_path / name], tmp_path / "run", attributes=HAIR, size=32)
        assert "\n" not in str(refused.value)
    assert not trap.exists() and not (tmp_path / "run").exists()


def cut(network: nn.Module, key: str, *shape: int) -> nn.Module:
    """The network with a weight of another shape."""
    place, _, name = key.rpartition(".")
    setattr(network.get_submodule(place), name, nn.Parameter(torch.zeros(shape)))
    return network


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        ({"G": ResnetGenerator()}, "not a network of StarGAN"),
        ({"G": Generator(), "D": Generator()}, "both a generator"),
        ({"D": Discriminator()}, "none of the files is a generator"),
        ({"G": Generator()}, "give `size`"),
        ({"G": Generator(), "D": Discriminator(columns=13)}, r"conv2\.weight is \(13, 32, 2, 2\), not \(5, 32, 2, 2\)"),
        ({"G": Generator(), "D": Discriminator(32, layers=3)}, "does not support this kind of discriminator"),
        ({"G": cut(Generator(), "main.3.weight", 8, 4, 3, 3), "D": Discriminator()}, r"main\.3\.weight"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_networks_that_are_not_stargans_are_refused(networks: dict[str, nn.Module], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        import_stargan(saved(tmp_path, **networks), tmp_path / "run", attributes=HAIR)
    assert "\n" not in str(refused.value) and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        ({"G_A": Generator(), "G_B": ResnetGenerator()}, "not a network of CycleGAN"),
        ({"G_A": ResnetGenerator(norm_layer=nn.BatchNorm2d), "G_B": ResnetGenerator()}, "batch norm"),
        ({"G_A": ResnetGenerator()}, "G_B is missing"),
        ({"G_A": ResnetGenerator(), "D_A": ResnetGenerator()}, "called D_A but is a generator"),
        ({"G_A": ResnetGenerator(), "x_G_A": ResnetGenerator()}, "both called G_A"),
        ({"G_A": ResnetGenerator(), "G_B": ResnetGenerator(), "x": ResnetGenerator()}, "one generator too many"),
        (
            {"G_A": ResnetGenerator(1, 3), "G_B": ResnetGenerator()},
            "does not fit the other generator: it takes 3 channels and returns 3, not 3 and 1",
        ),
        ({"G_A": ResnetGenerator(4, 3), "G_B": ResnetGenerator(3, 4)}, "4 channels"),
        ({"G_A": ResnetGenerator(), "G_B": ResnetGenerator(n_blocks=3)}, "does not support this kind of generator"),
        ({"G_A": ResnetGenerator(), "G_B": ResnetGenerator(), "D_A": NLayerDiscriminator(1)}, r"model\.0\.weight"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_networks_that_are_not_cyclegans_are_refused(networks: dict[str, nn.Module], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        import_cyclegan(saved(tmp_path, **networks), tmp_path / "run", spaces=("a", "b"), size=32)
    assert "\n" not in str(refused.value) and not (tmp_path / "run").exists()


def test_the_first_files_of_cyclegan_carry_statistics_that_are_left_out(tmp_path: Path) -> None:
    """Instance norm without weights, but with running statistics, as PyTorch once saved them."""
    networks = [
        scattered(ResnetGenerator(norm_layer=partial(nn.InstanceNorm2d, track_running_stats=True)), seed) for seed in (1, 2)
    ]
    assert any("running_mean" in key for key in networks[0].state_dict())
    import_cyclegan(saved(tmp_path, G_A=networks[0], G_B=networks[1]), tmp_path / "run", spaces=("a", "b"), size=32)
    image = noise(1, 3, 32, 32)
    with torch.no_grad():
        close(translated(load(tmp_path / "run"), image, "a", "b"), networks[0](image))


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    files = saved(tmp_path, G=Generator())
    import_stargan(files, tmp_path / "run", attributes=HAIR, size=32)
    before = (tmp_path / "run" / "recipe.json").read_bytes()
    for out in (tmp_path / "run", tmp_path, files[0]):
        with pytest.raises(UsageError, match="not an empty folder"):
            import_stargan(files, out, attributes=HAIR, size=32)
    assert (tmp_path / "run" / "recipe.json").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["stargan", "--spaces", "a,b"], "StarGAN has one space"),
        (["stargan", "--size", "0"], "--size 0"),
        (["stargan", "--size", "36", "--attributes", "mood=a|b|c|d,young"], "36"),
        (["stargan", "--size", "32"], "5 columns, `attributes` names 0"),
        (["stargan", "--size", "32", "--attributes", "mood=a|b,young"], "5 columns, `attributes` names 3"),
        (["stargan", "--size", "32", "--attributes", "a,b,c,d,e,f"], "5 columns, `attributes` names 6"),
        (["cyclegan", "--size", "32"], "--spaces horse,zebra"),
        (["cyclegan", "--size", "32", "--spaces", "a"], "--spaces horse,zebra"),
        (["cyclegan", "--spaces", "a,b"], "give --size"),
        (["cyclegan", "--spaces", "a,b", "--size", "32", "--attributes", "c"], "leave out --attributes"),
        (["cyclegan", "--spaces", "a.b,c", "--size", "32"], "cannot be called 'a.b'"),
        (["cyclegan", "--spaces", "a,a", "--size", "32"], "two spaces"),
        (["pix2pix"], "pix2pix"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_do_not_fit_are_refused(options: list[str], said: str, tmp_path: Path) -> None:
    project, *rest = options
    networks = {"G": Generator()} if project == "stargan" else {"G_A": ResnetGenerator(), "G_B": ResnetGenerator()}
    files = map(str, saved(tmp_path, **networks))
    with pytest.raises(UsageError, match=re.escape(said)) as refused:
        import_command([project, *files, "--out", str(tmp_path / "run"), *rest])
    assert "\n" not in str(refused.value) and not (tmp_path / "run").exists()


def test_the_page_says_what_happens(tmp_path: Path, viceversa: Callable[..., Any]) -> None:
    """Its commands, on small networks under the names that it has."""
    page = (ROOT / "docs" / "models.md").read_text()
    block = re.search(r"<!-- tests/training/test_importing.py runs these lines -->\n```bash\n(.*?)```", page, re.DOTALL)
    assert block
    for path, network in zip(
        saved(tmp_path, G=Generator(), D=Discriminator(), G_A=ResnetGenerator(), G_B=ResnetGenerator()),
        ("200000-G.ckpt", "200000-D.ckpt", "latest_net_G_A.pth", "latest_net_G_B.pth"),
        strict=True,
    ):
        path.rename(tmp_path / network)
    for name in ("face.png", "horse.png"):
        Image.new("RGB", (40, 30), "olive").save(tmp_path / name)
    for line in block[1].splitlines():
        program, *arguments = shlex.split(line)
        assert program == "viceversa"
        done = processes.command(*arguments, cwd=tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert Image.open(tmp_path / "zebras" / "horse.png").size == (256, 256)
    assert Image.open(tmp_path / "blond" / "face.png").size == (32, 32)


def test_parity_with_a_checkout(tmp_path: Path) -> None:
    """The benchmark, on checkouts whose networks are those above: losses and gradients agree; and it sees what does not."""
    (tmp_path / "models").mkdir()
    (tmp_path / "model.py").write_text("from training.test_importing import Discriminator, Generator\n")
    (tmp_path / "models" / "networks.py").write_text(
        "from training.test_importing import GANLoss, NLayerDiscriminator, ResnetGenerator\n"
    )
    for method in ("stargan", "cyclegan"):
        done = parity(method, tmp_path)
        lines = done.stdout.splitlines()[1:]
        assert done.returncode == 0, done.stdout + done.stderr
        assert sum("gradients" in line for line in lines) == 2 and sum("loss" in line for line in lines) == 2
        assert all(math.isfinite(float(line.split()[-1])) and float(line.split()[-1]) <= 1e-4 for line in lines)
    (tmp_path / "models" / "networks.py").write_text(
        "from training.test_importing import NLayerDiscriminator, ResnetGenerator\n"
        "def GANLoss(mode): return lambda score, real: (score - 0.9 * real).square().mean()\n"
    )
    assert parity("cyclegan", tmp_path).returncode == 1


def parity(method: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    options = ["--method", method, "--reference", checkout, "--size", "32", "--width", "4"]
    return processes.module("benchmarks.parity", *options, cwd=ROOT)
