"""ONNX files as translators: asked as declared, in batches of any size, and what does not fit the data, in one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.onnx import by_onnx, columns
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels

FACES = Space({"faces": ImageSpec(3, 8, 6)}, (OneOf("hair", ("black", "blond")), Binary("glasses"), Graded("age", 5, 20, 60)))
PAIR = Space({"day": ImageSpec(3, 8, 6), "night": ImageSpec(3, 8, 6)})
IMAGES, LABEL, TARGET = ["N", 8, 6, 3], ["N", 4], ["N"]
KINDS = {"images": TensorProto.UINT8, "label": TensorProto.FLOAT, "space": TensorProto.INT64}
Dimensions = list[Any]


def constant(name: str, value: object, kind: type) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(np.array(value, kind), name)


def darkens_where(path: Path, inputs: dict[str, Dimensions], output: Dimensions, **metadata: str) -> Path:
    """Inverts the images whose label's third column is 1, or whose target is the space with the number 1."""
    nodes = [helper.make_node("BitwiseNot", ["images"], ["negative"])]
    values = [constant("column", [2], np.int64), constant("half", 0.5, np.float32), constant("last", [1, 2, 3], np.int64)]
    if "label" in inputs:
        nodes.append(helper.make_node("Gather", ["label", "column"], ["number"], axis=1))
        values.append(constant("axes", [2, 3], np.int64))
    else:
        nodes.append(helper.make_node("Cast", ["space"], ["number"], to=TensorProto.FLOAT))
        values.append(constant("axes", [1, 2, 3], np.int64))
    nodes += [
        helper.make_node("Unsqueeze", ["number", "axes"], ["wide"]),
        helper.make_node("Greater", ["wide", "half"], ["which"]),
        helper.make_node("Where", ["which", "negative", "images"], ["translated"]),
    ]
    return saved(path, nodes, inputs, (TensorProto.UINT8, output), values, **metadata)


def identity(path: Path, inputs: dict[str, Dimensions], output: Dimensions = IMAGES, **metadata: str) -> Path:
    return saved(path, [helper.make_node("Identity", ["images"], ["translated"])], inputs, (KINDS["images"], output), **metadata)


def saved(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, Dimensions],
    output: tuple[int, Dimensions],
    values: list[onnx.TensorProto] | None = None,
    kinds: dict[str, int] = KINDS,
    **metadata: str,
) -> Path:
    taken = [helper.make_tensor_value_info(name, kinds.get(name, 1), shape) for name, shape in inputs.items()]
    graph = helper.make_graph(nodes, "graph", taken, [helper.make_tensor_value_info("translated", *output)], values or [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def noise(count: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 6, 3), np.uint8)


def refusal(path: Path, space: Space = FACES) -> str:
    with pytest.raises(UsageError) as error:
        by_onnx(path, space)
    assert "\n" not in str(error.value) and path.name in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("count", ["N", 1, 2, 5, 8])
def test_labels_are_passed_in_the_order_of_their_columns(tmp_path: Path, count: str | int) -> None:
    path = darkens_where(tmp_path / "model.onnx", {"images": [count, 8, 6, 3], "label": [count, 4]}, [count, 8, 6, 3])
    label = torch.tensor([[0, 1, 1, 0.5], [1, 0, 0, 1], [0, 1, 0, 0.2], [1, 0, 1, 0.0], [0, 1, 0, 1]])
    pixels = noise(5)
    translate = by_onnx(path, FACES)
    made = quantized(translate(normalized(torch.from_numpy(pixels)), Domain("faces", 1 - label), Domain("faces", label)))
    assert np.array_equal(made, np.where(np.array([1, 0, 0, 1, 0])[:, None, None, None], 255 - pixels, pixels))


def test_spaces_are_passed_by_their_number(tmp_path: Path) -> None:
    translate = by_onnx(darkens_where(tmp_path / "model.onnx", {"images": ["N", "H", "W", 3], "space": TARGET}, IMAGES), PAIR)
    pixels = noise(2)
    day, night = Domain("day"), Domain("night")
    for target, expected in ((day, pixels), (night, 255 - pixels)):
        assert np.array_equal(quantized(translate(normalized(torch.from_numpy(pixels)), day, target)), expected)


def test_attributes_in_the_metadata_must_be_the_datas(tmp_path: Path) -> None:
    assert columns(FACES) == ["hair=black", "hair=blond", "glasses", "age"] and not columns(PAIR)
    inputs = {"images": IMAGES, "label": LABEL}
    by_onnx(identity(tmp_path / "same.onnx", inputs, attributes=json.dumps(columns(FACES))), FACES)
    for name, text in (("other", '["hair=blond", "hair=black", "glasses", "age"]'), ("broken", "["), ("deep", "[" * 100_000)):
        said = refusal(identity(tmp_path / f"{name}.onnx", inputs, attributes=text))
        assert "is for the attributes '[" in said and '["hair=black", "hair=blond", "glasses", "age"]' in said and len(said) < 400


@pytest.mark.parametrize(
    ("inputs", "output", "found"),
    [
        ({"images": IMAGES}, IMAGES, "images uint8 (N, 8, 6, 3) -> translated"),
        ({"images": IMAGES, "labels": LABEL}, IMAGES, "labels float32 (N, 4) ->"),
        ({"images": IMAGES, "space": TARGET}, IMAGES, "space int64 (N) ->"),
        ({"images": IMAGES, "label": LABEL, "more": LABEL}, IMAGES, "more float32 (N, 4) ->"),
        ({"images": IMAGES, "label": ["N", 5]}, IMAGES, "label float32 (N, 5) ->"),
        ({"images": IMAGES, "label": ["N"]}, IMAGES, "label float32 (N) ->"),
        ({"images": ["N", 3, 8, 6], "label": LABEL}, ["N", 3, 8, 6], "images uint8 (N, 3, 8, 6)"),
        ({"images": ["N", 16, 6, 3], "label": LABEL}, ["N", 16, 6, 3], "images uint8 (N, 16, 6, 3)"),
        ({"images": ["N", "H", 6, 3], "label": LABEL}, ["N", 9, 6, 3], "label float32 (N, 4) -> translated uint8 (N, 9, 6, 3)"),
    ],
)  # fmt: skip
def test_other_inputs_and_outputs(tmp_path: Path, inputs: dict[str, Dimensions], output: Dimensions, found: str) -> None:
    said = refusal(identity(tmp_path / "model.onnx", inputs, output))
    assert found in said
    assert said.endswith("for this data it must be images uint8 (N, 8, 6, 3), label float32 (N, 4) -> uint8 (N, 8, 6, 3).")


def test_other_types_and_numbers_of_outputs(tmp_path: Path) -> None:
    inputs = {"images": IMAGES, "label": LABEL}
    node = helper.make_node("Identity", ["images"], ["translated"])
    kinds = KINDS | {"images": TensorProto.FLOAT}
    said = refusal(saved(tmp_path / "float.onnx", [node], inputs, (TensorProto.FLOAT, IMAGES), kinds=kinds))
    assert "images float32 (N, 8, 6, 3)" in said and "translated float32" in said
    double = KINDS | {"label": TensorProto.DOUBLE}
    assert "label double (N, 4)" in refusal(
        saved(tmp_path / "double.onnx", [node], inputs, (KINDS["images"], IMAGES), kinds=double)
    )
    cast = helper.make_node("Cast", ["images"], ["translated"], to=TensorProto.FLOAT)
    assert "translated float32" in refusal(saved(tmp_path / "cast.onnx", [cast], inputs, (TensorProto.FLOAT, IMAGES)))
    model = onnx.load(identity(tmp_path / "two.onnx", inputs))
    model.graph.output.append(helper.make_tensor_value_info("images", TensorProto.UINT8, IMAGES))
    onnx.save(model, tmp_path / "two.onnx")
    assert "-> translated uint8 (N, 8, 6, 3), images uint8 (N, 8, 6, 3); for" in refusal(tmp_path / "two.onnx")


def test_one_graph_cannot_have_the_sizes_of_two_spaces(tmp_path: Path) -> None:
    path = identity(tmp_path / "model.onnx", {"images": IMAGES, "space": TARGET})
    by_onnx(path, PAIR)
    said = refusal(path, Space({"day": ImageSpec(3, 8, 6), "night": ImageSpec(1, 8, 6)}))
    assert said.endswith("it must be images uint8 (N, 8, 6, ?), space int64 (N) -> uint8 (N, 8, 6, ?).")


def test_what_comes_out_is_checked(tmp_path: Path) -> None:
    """Fewer images, and others than the declared size, from dimensions that are open."""
    label = torch.zeros(4, 4)
    images = normalized(torch.from_numpy(noise(4)))
    inputs = {"images": ["N", 8, "W", 3], "label": LABEL}
    for name, axis in (("fewer", 0), ("narrower", 2)):
        values = [constant("start", [1], np.int64), constant("end", [99], np.int64), constant("axis", [axis], np.int64)]
        node = helper.make_node("Slice", ["images", "start", "end", "axis"], ["translated"])
        path = saved(tmp_path / f"{name}.onnx", [node], inputs, (TensorProto.UINT8, ["M", 8, "V", 3]), values)
        with pytest.raises(UsageError, match=rf"{name}\.onnx returned \(.*\) of uint8, not an array \(4, 8, 6, 3\) of uint8"):
            by_onnx(path, FACES)(images, Domain("faces", label), Domain("faces", label))


def test_what_cannot_be_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "folder.onnx").mkdir()
    for name in ("text", "empty", "folder"):
        assert "cannot be run" in refusal(tmp_path / f"{name}.onnx")
    assert "does not exist" in refusal(tmp_path / "nowhere.onnx")
    node = helper.make_node("Gather", ["images", "index"], ["translated"])
    inputs, output = {"images": IMAGES, "label": LABEL}, (TensorProto.UINT8, ["M", 8, 6, 3])
    fails = by_onnx(saved(tmp_path / "fails.onnx", [node], inputs, output, [constant("index", [99], np.int64)]), FACES)
    label = torch.zeros(2, 4)
    with pytest.raises(UsageError, match=r"the ONNX file '.*fails\.onnx' cannot be run: '.*'\.$"):
        fails(normalized(torch.from_numpy(noise(2))), Domain("faces", label), Domain("faces", label))
    assert capfd.readouterr().err == "", "the one line is all that is said"


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = identity(tmp_path / "model.onnx", {"images": IMAGES, "label": LABEL})
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert refusal(path).endswith("model.onnx' needs the package onnxruntime: pip install 'viceversa[onnx]'.")
