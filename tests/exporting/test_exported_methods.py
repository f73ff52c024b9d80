"""Every method as ONNX files: what they say of themselves, and how they agree with PyTorch at any size and number of images."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from contracts.among_labels import RELGAN, of
from contracts.between_spaces import AUGMENTED
from contracts.case import PHOTOS, UNALIKE, Case
from contracts.cases import CASES, CYCLEGAN
from viceversa import methods
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.exporting.files import contents
from viceversa.exporting.names import Names, names_of
from viceversa.exporting.parity import agreement
from viceversa.images.layers import Layers
from viceversa.inference.apply import ends
from viceversa.inference.full_size import translated_at_its_size, translated_whole
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.methods import augmented_cyclegan, cyclegan, relgan, stargan
from viceversa.metrics.labeller import Labeller, network_for
from viceversa.networks.adapters import fit
from viceversa.recipes import recipe_named
from viceversa.runs.exported.description import Description, described
from viceversa.runs.record import Record

RESUNET = stargan.StarGAN(generator="resunet-added", width=4, blocks=1, critic_width=4)
VALID = CYCLEGAN.model_copy(update={"generator": "resnet", "fit": "valid_conv"})
PADDED = VALID.model_copy(update={"fit": "pad_crop"})
NAMES = [
    "two-sets", "cyclegan", "cyclegan-unalike", "fixed-point", "relgan", "stgan", "icgan", "discogan", "augmented-cyclegan", "cut",
    "pix2pix", "johnson", "diat",
]  # fmt: skip
"""A case of every method but StarGAN v2, which has more files, and CycleGAN with better cycles, whose generators are CycleGAN's."""
EVERY = [
    *(case for case in CASES if case.name in NAMES),
    Case("resunet-added", lambda space: stargan.build(space, RESUNET), PHOTOS, {}),
    Case("valid-convolutions", lambda space: cyclegan.build(space, VALID), UNALIKE, {}),
    Case("padded", lambda space: cyclegan.build(space, PADDED), UNALIKE, {}),
    Case("augmented-unalike", lambda space: augmented_cyclegan.build(space, AUGMENTED), UNALIKE, {}),
]
INPUTS = {
    "relgan": {"images", "target", "source"}, "stgan": {"images", "target", "source"}, "augmented-cyclegan": {"images", "style"},
    "augmented-unalike": {"images", "style"},
}  # fmt: skip
"""Where they are not images alone between spaces, and images and a target among labels."""
ONE_SIZE = {"valid-convolutions", "padded", "icgan"}
RESIZING = {"cyclegan-unalike", "augmented-unalike"}


def model_of(case: Case) -> Model:
    """The case as a model; networks that begin with zeros get random weights."""
    method = case.method()
    for weight in method.networks.parameters():
        if weight.ndim > 1 and not weight.any():
            nn.init.normal_(weight, 0, 0.2)
    method.networks.eval().requires_grad_(False)
    record = Record(recipe=recipe_named("stargan"), dataset="imported", space=case.space, device="cpu", precision="fp32")
    return Model(case.name, method, record, None)


def exported(model: Model, folder: Path, target: str) -> Model:
    """The model of its exported files, of which there is one translation: to a space."""
    names = Names({target: "model.onnx"}, names_of(model, folder / "model.onnx").styles)
    for name, content in contents(model, names):
        (folder / name).write_bytes(content)
    return load(folder / "model.onnx")


def domains(model: Model, target: str, count: int) -> tuple[Domain, Domain]:
    """Where images depart from, and a target with other labels."""
    source, space = model.routing.departure("", target), model.space
    if not space.attributes:
        return Domain(source), Domain(target)
    part = space.part(target)
    labels = [space.widened(part.draw(count, seeded("test", number)), target) for number in range(2)]
    return Domain(source, labels[0]), Domain(target, labels[1])


def test_every_method_is_among_the_cases() -> None:
    known = {name.replace("-", "_") for name in NAMES} | {"stargan", "stargan2", "better_cycles"}
    assert {path.stem for path in Path(methods.__path__[0]).glob("[!_]*.py")} <= known


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name)
def test_a_method_is_exported_and_agrees_with_pytorch(case: Case, tmp_path: Path) -> None:
    model, target = model_of(case), [*case.space.images][-1]
    made = exported(model, tmp_path, target)
    description = described(tmp_path / "model.onnx")
    among = {"images", "target"} if case.space.attributes else {"images"}
    assert {*description.inputs} == INPUTS.get(case.name, among)
    assert (description.multiple is None) == (case.name in ONE_SIZE)
    spec = case.space.images[description.source]
    sizes = "any size" if description.multiple else f"{spec.width}x{spec.height} pixels only"
    assert description.takes.startswith(f"images of {sizes}")
    pixels = np.random.default_rng(0).integers(0, 256, (16, spec.height, spec.width, spec.channels), np.uint8)
    here, there = domains(model, target, 16)
    assert agreement(made.translate_pixels(pixels, here, there), model.translate_pixels(pixels, here, there)).holds
    if description.multiple is not None and case.name not in RESIZING:
        check_sizes(model, made, target, description)


def check_sizes(model: Model, made: Model, target: str, description: Description) -> None:
    """Odd sizes, and sizes below the trained one, are padded and cropped in the graph as the package does it at full size."""
    spec = model.space.images[description.source]
    here, there = domains(model, target, 1)
    for height, width in ((spec.height + 3, spec.width + 6), (spec.height - 3, 2 * spec.width + 1), (3, 2)):
        pixels = np.random.default_rng(1).integers(0, 256, (height, width, spec.channels), np.uint8)
        image = torch.from_numpy(pixels)[None].permute(0, 3, 1, 2) / 127.5 - 1
        resized = torch.zeros(1, *spec.shape)
        expected = translated_whole(
            model.method.translator, Layers(pixels), *ends(model.method, resized, here, there), spec=spec, memory=512
        )
        with torch.inference_mode():
            found = made.method.translator(image, *ends(made.method, resized, here, there))
        levels = ((found[0].permute(1, 2, 0) + 1) * 127.5).round().numpy().astype(np.uint8)
        channels = expected.colors.shape[2]
        assert agreement(levels[None, ..., :channels], expected.colors[None]).share >= 0.99, (height, width)


@pytest.mark.parametrize(("name", "target"), [("cyclegan-unalike", "outlines"), ("augmented-unalike", "photos")])
def test_between_sizes_images_of_any_size_are_resized(name: str, target: str, tmp_path: Path) -> None:
    """To the generator's scale, where they are padded as at full size, and on to the target's."""
    model = model_of(next(case for case in EVERY if case.name == name))
    made = exported(model, tmp_path, target)
    here, there = domains(model, target, 1)
    before, after = (model.space.images[space] for space in (here.space, there.space))
    ways = ends(made.method, torch.zeros(1, *before.shape), here, there)
    for height, width in ((before.height + 1, 2 * before.width), (before.height - 3, before.width), (1, 2)):
        pixels = np.random.default_rng(1).integers(0, 256, (1, height, width, before.channels), np.uint8)
        image = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 127.5 - 1
        rows, columns = (round(side * 16 / before.height) for side in (height, width))
        missing = [(0, max(16, 4 * math.ceil(side / 4)) - side) for side in (rows, columns)]
        whole = np.pad(fit(image, (rows, columns)).numpy(), [(0, 0), (0, 0), *missing], mode="reflect")
        with torch.inference_mode():
            enlarged = translated_at_its_size(model.method.translator, torch.from_numpy(whole), *ways)[:, :, :rows, :columns]
            expected = fit(enlarged, [max(round(side * after.height / before.height), 1) for side in (height, width)])
            found = made.method.translator(image, *ways)
        assert found.shape == expected.shape and ((found - expected).abs() <= 2 / 127.5).float().mean() > 0.99, (height, width)
    sizes = f"{before.width}x{before.height} to {after.width}x{after.height}"
    with pytest.raises(UsageError, match=f"changes the size of images, as from {sizes} pixels: leave out `full_size`"):
        made.translate(np.zeros((20, 20, before.channels), np.uint8), target, full_size=True)


def test_a_style_is_read_off_a_reference_or_drawn(tmp_path: Path) -> None:
    """The files of StarGAN v2 give for a seed and for a reference what the run gives."""
    model = model_of(next(case for case in CASES if case.name == "stargan2"))
    made = exported(model, tmp_path, "photos")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model-reference.onnx", "model-style.onnx", "model.onnx"]
    described_inputs = {name: {*described(tmp_path / f"model{name}.onnx").inputs} for name in ("", "-style", "-reference")}
    assert described_inputs == {"": {"images", "style"}, "-style": {"target", "code"}, "-reference": {"target", "images"}}
    image, reference = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    results = []
    for manner in ({"seed": 1}, {"seed": 2}, {"reference": reference}):
        one, other = (np.asarray(each.translate(image, "kind=dog", source="kind=cat", **manner)) for each in (model, made))
        assert agreement(one[None], other[None]).share == 1
        results.append(other)
    assert not np.array_equal(results[0], results[1]) and not np.array_equal(results[0], results[2])


def test_a_labeller_inside_reads_source_and_target_of_a_relative_method(tmp_path: Path) -> None:
    """NaN is what the labeller reads, attribute by attribute; here at a size that its pooling does not divide."""
    case = Case("relgan", of(relgan.build, RELGAN), Space({"photos": ImageSpec(3, 24, 24)}, PHOTOS.attributes), {})
    labeller = Labeller(network_for(case.space).eval(), case.space, 0.9, None)
    model = replace(model_of(case), labeller=labeller)
    for name, content in contents(model, Names({"photos": "model.onnx"}, {}), labeller):
        (tmp_path / name).write_bytes(content)
    made = load(tmp_path / "model.onnx")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 24, 24, 3), np.uint8)
    read = labeller.read(pixels)
    assert torch.equal(made.labeller.read(pixels), read) and made.labeller.accuracy == 0.9
    nothing, known = torch.full_like(read, torch.nan), torch.tensor([False, False, False, True])
    target = torch.where(known, 1 - read, nothing)
    graph = made.method.translator.graphs["photos"]
    found = graph.run("translated", {"images": torch.from_numpy(pixels), "source": nothing, "target": target})
    expected = model.translate_pixels(pixels, Domain("photos", read), Domain("photos", torch.where(known, 1 - read, read)))
    assert agreement(found.numpy(), expected).holds


def test_a_target_space_is_a_file(tmp_path: Path) -> None:
    """Both directions, both labeled sets, and the one direction of a method that does not translate back."""
    files = {name: names_of(model_of(case), tmp_path / "a.onnx").files for case in CASES for name in [case.name]}
    assert files["cyclegan"] == {"summer": "a-summer.onnx", "winter": "a-winter.onnx"}
    assert files["two-sets"] == {"drawings": "a-drawings.onnx", "photos": "a-photos.onnx"}
    assert files["cut"] == {"winter": "a.onnx"} and files["stargan"] == {"photos": "a.onnx"}
