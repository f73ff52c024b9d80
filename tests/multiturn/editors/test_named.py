"""Editors by what a person names: models, ONNX files, functions and baselines; and what is no editor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

import viceversa as vv
from multiturn.editors.stand_in import noise
from viceversa.core.attributes import Binary, OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.sets.avatars import labels_of, render
from viceversa.errors import UsageError
from viceversa.images.normalizing import normalized
from viceversa.multiturn.editors.editor import Edit
from viceversa.multiturn.editors.http import Endpoint
from viceversa.multiturn.editors.named import editor_named
from viceversa.multiturn.editors.pipelines import Diffusion

WORDS = Edit("put on glasses")
FACES = Space({"faces": ImageSpec(3, 4, 6)}, (OneOf("hair", ("black", "blond")), Binary("glasses")))
PAIR = Space({"day": ImageSpec(3, 4, 6), "night": ImageSpec(3, 4, 6)})
_GLASSES = 3  # the column of an avatar's label


def avatar(person: int, glasses: bool, size: int = 64) -> Image.Image:
    label = labels_of([person])
    label[:, _GLASSES] = glasses
    return Image.fromarray(render([person], label, size)[0])


def distance(one: Image.Image, other: Image.Image) -> float:
    return float(abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).mean())


def refusal(spec: str, image: Image.Image, edit: Edit = WORDS, space: Space | None = None) -> str:
    with pytest.raises(UsageError) as error:
        editor_named(spec, space=space)(image, edit, 0)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_packaged_model_puts_on_glasses() -> None:
    editor, reader = editor_named("avatars"), vv.load("avatars").reader
    assert editor.name == "avatars" and reader is not None
    for person in (9001, 9002):
        plain = avatar(person, False)
        made = editor(plain, Edit("", {"glasses": "no"}, {"glasses": "yes"}), person)  # one result, whatever the seed
        assert distance(made, avatar(person, True)) < 0.9 * distance(plain, avatar(person, True))
        read = [reader.read_batch(normalized(torch.tensor(np.asarray(image)[None])))[0, _GLASSES] for image in (plain, made)]
        assert read == [0, 1]


def test_full_size_keeps_the_size() -> None:
    large, asked = avatar(9001, False, 96), Edit("", {}, {"glasses": "yes"})
    assert editor_named("avatars")(large, asked, 0).size == (64, 64)
    assert editor_named("avatars", full_size=True)(large, asked, 0).size == (96, 96)


def test_a_model_needs_attributes_that_it_knows() -> None:
    image = avatar(9001, False)
    said = refusal("avatars", image)
    assert said.startswith(
        "avatars edits by attributes and does not read instructions, and the images have none: use labeled images"
    )
    assert "unknown attribute 'hat'" in refusal("avatars", image, Edit("", {}, {"hat": "yes"}))


def inverting(path: Path, wanted: str, width: int) -> str:
    """An ONNX file that inverts images whose label is 1 in the last column, or that go to the space with the number 1."""
    kind = TensorProto.FLOAT if wanted == "label" else TensorProto.INT64
    last, axes, half = (
        onnx.numpy_helper.from_array(np.array(value, each), name)
        for name, value, each in (("last", [width - 1], np.int64), ("axes", [1, 2, 3], np.int64), ("half", 0.5, np.float32))
    )
    column = helper.make_node("Gather", ["label", "last"], ["number"], axis=1) if wanted == "label" else None
    flat = onnx.numpy_helper.from_array(np.array([-1, 1, 1, 1], np.int64), "shape")
    nodes = [
        column or helper.make_node("Cast", ["space"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["number", "shape"], ["wide"]),
        helper.make_node("Greater", ["wide", "half"], ["which"]),
        helper.make_node("BitwiseNot", ["images"], ["negative"]),
        helper.make_node("Where", ["which", "negative", "images"], ["made"]),
    ]
    shape = ["N", 4, 6, 3]
    inputs = [
        helper.make_tensor_value_info("images", TensorProto.UINT8, shape),
        helper.make_tensor_value_info(wanted, kind, ["N", width] if wanted == "label" else ["N"]),
    ]
    outputs = [helper.make_tensor_value_info("made", TensorProto.UINT8, shape)]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, [last, axes, half, flat])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return str(path)


def test_an_onnx_file_gets_the_label_of_the_target(tmp_path: Path) -> None:
    spec = inverting(tmp_path / "model.onnx", "label", 3)
    editor, image = editor_named(spec, space=FACES), noise()
    negative = Image.fromarray(255 - np.asarray(image))
    assert editor.name == "model.onnx"
    for glasses, changes, expected in (
        ("no", {"glasses": "yes"}, negative),
        ("no", {"hair": "blond"}, image),
        ("yes", {"hair": "blond"}, negative),  # what is not asked for stays as the source says
        ("yes", {"hair": "blond", "glasses": "no"}, image),
    ):
        assert distance(editor(image, Edit("", {"hair": "black", "glasses": glasses}, changes), 0), expected) == 0
    whole = Edit("", {"hair": "black", "glasses": "no"}, {"glasses": "yes"})
    assert "'. use labeled" not in (said := refusal(spec, image, whole)) and "edits by attributes, and the images have none" in said
    assert "edits by attributes and does not read instructions" in refusal(spec, image, space=FACES)
    assert "its source lacks hair." in refusal(spec, image, Edit("", {"glasses": "no"}, {"glasses": "yes"}), FACES)
    assert "takes images of 6 x 4 px, and this one has 5 x 4 px" in refusal(spec, noise(5), whole, FACES)
    assert "for this data it must be" in refusal(spec, image, whole, PAIR)
    assert distance(editor(image.convert("L"), whole, 0), Image.fromarray(255 - np.asarray(image.convert("L").convert("RGB")))) == 0


def test_an_onnx_file_between_spaces(tmp_path: Path) -> None:
    spec = inverting(tmp_path / "model.onnx", "space", 0)
    editor, image = editor_named(spec, space=PAIR), noise()
    there, back = Edit("", {"space": "day"}, {"space": "night"}), Edit("", {"space": "night"}, {"space": "day"})
    assert distance(editor(image, there, 0), Image.fromarray(255 - np.asarray(image))) == 0
    assert distance(editor(image, back, 0), image) == 0
    assert "edits by a target space" in refusal(spec, image, Edit("", {}, {"glasses": "yes"}), PAIR)


FUNCTIONS = """
import numpy as np
from PIL import Image, ImageOps

def inverted(image, instruction, seed):
    assert isinstance(image, Image.Image)
    return ImageOps.invert(image)

def counted(image, instruction, seed):
    return np.full((2, 3), len(instruction) + seed, np.uint8)

def scribbles(image, instruction, seed):
    image.putpixel((0, 0), (1, 2, 3))
    return image

def clear(image, instruction, seed):
    return Image.new("RGBA", (5, 2), (10, 20, 30, 0))

def fails(image, instruction, seed):
    raise RuntimeError("no\\nway")

def nothing(image, instruction, seed):
    pass

def floats(image, instruction, seed):
    return np.asarray(image) / 255

def many(image, instruction, seed):
    return np.zeros((4, 6, 5), np.uint8)

def empty(image, instruction, seed):
    return np.zeros((0, 6, 3), np.uint8)

number = 3
"""


@pytest.fixture
def functions(tmp_path: Path) -> str:
    (tmp_path / "my_editors.py").write_text(FUNCTIONS)
    return str(tmp_path / "my_editors.py")


def test_a_function(functions: str) -> None:
    image = noise()
    editor = editor_named(f"{functions}:inverted")
    assert editor.name == f"{functions}:inverted"
    assert distance(editor(image, WORDS, 0), Image.fromarray(255 - np.asarray(image))) == 0
    counted = editor_named(f"{functions}:counted")(image, WORDS, 5)
    assert counted.mode == "L" and counted.size == (3, 2) and counted.getpixel((0, 0)) == len(WORDS.instruction) + 5
    before = image.copy()
    assert editor_named(f"{functions}:scribbles")(image, WORDS, 0).getpixel((0, 0)) == (1, 2, 3)
    assert distance(image, before) == 0
    clear = editor_named(f"{functions}:clear")(image, WORDS, 0)
    assert clear.mode == "RGB" and clear.size == (5, 2) and clear.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fails", "my_editors.py:fails failed: RuntimeError in line 20 of my_editors.py: no way."),
        ("nothing", "returned NoneType, not a Pillow image or an array (height, width, channels) of uint8."),
        ("floats", "returned an array of float64, not a Pillow image or"),
        ("many", "returned an image of 5 channels, not of 1 or 3."),
        ("empty", "my_editors.py:empty returned no usable image: "),
        ("number", "is not a function."),
        ("missing", "has no 'missing'."),
    ],
)
def test_a_function_that_does_not_edit(functions: str, name: str, words: str) -> None:
    assert words in refusal(f"{functions}:{name}", noise())


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_baselines_change_what_they_say(mode: str) -> None:
    smooth = Image.fromarray(np.add.outer(np.arange(0, 160, 4), np.arange(0, 80, 2)).astype(np.uint8)).convert(mode)
    image = Image.blend(smooth, noise(40, 40, mode), 0.3)
    errors = {}
    for spec in ("nothing", "resave:jpeg:95", "resave:jpeg:10", "resave:webp:95", "resave:webp:10", "resize:1.5", "resize:4"):
        editor = editor_named(spec)
        made = editor(image, WORDS, 0)
        assert editor.name == spec and (made.mode, made.size) == (mode, image.size)
        errors[spec] = distance(made, image)
    assert errors["nothing"] == 0
    assert 0 < errors["resave:jpeg:95"] < errors["resave:jpeg:10"] < 40
    assert 0 < errors["resave:webp:95"] < errors["resave:webp:10"] < 40
    assert 0 < errors["resize:1.5"] < errors["resize:4"] < 40
    assert editor_named("resize:1000")(image, WORDS, 0).getextrema() in ((value, value) for value in range(256)) or mode == "RGB"


@pytest.mark.parametrize(
    "spec",
    ["resave:jpeg", "resave:png:9", "resave:jpeg:0", "resave:jpeg:101", "resave:webp:7.5", "resize:1", "resize:inf", "resize:x"],
)
def test_baselines_out_of_range(spec: str) -> None:
    assert refusal(spec, noise()).startswith(f"{spec!r}: write {spec.partition(':')[0]}:")


@pytest.mark.parametrize("spec", ["", "no/such/run", "https", "avatar"])
def test_what_is_no_editor(spec: str, tmp_path: Path) -> None:
    for named in (spec, str(tmp_path)):
        said = refusal(named, noise())
        assert "is no editor: name the folder of a run, avatars, hf:USER/NAME, FILE.onnx, diffusers:FOLDER" in said
        assert all(form in said for form in ("openai:BASE_URL", "module:function", "resize:FACTOR", "nothing", "https://"))


@pytest.mark.parametrize(
    ("spec", "options", "named"),
    [
        ("nothing", {"full_size": True}, "full_size=True"),
        ("resize:2", {"diffusion": Diffusion(strength=0.5)}, "strength=0.5"),
        ("avatars", {"endpoint": Endpoint(model="painter")}, "model='painter'"),
        ("http://127.0.0.1", {"diffusion": Diffusion(safety=False)}, "safety=False"),
        ("diffusers:folder", {"endpoint": Endpoint(retries=1)}, "retries=1"),
    ],
)
def test_an_option_of_another_kind_of_editor(spec: str, options: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError) as error:
        editor_named(spec, **options)  # type: ignore[arg-type]
    assert str(error.value) == f"{spec!r} does not take `{named}`: leave it out."


def test_a_function_that_ends_the_program_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leaving.py").write_text("import sys\n\ndef edit(image, instruction, seed):\n    sys.exit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="leaving:edit failed: it ended the program with 3"):
        editor_named("leaving:edit")(Image.new("L", (8, 8)), Edit("x"), 0)
