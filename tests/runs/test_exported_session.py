"""ONNX files that other people made are opened as data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from viceversa.errors import UsageError
from viceversa.runs.exported.session import opened


def adding_what_lies_in(place: str, path: Path) -> Path:
    """Write a graph that adds four numbers, which lie in another file."""
    weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": place, "offset": "0", "length": "16"}.items():
        weights.external_data.add(key=key, value=value)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "weights"], ["y"])], "adding", [x], [y], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.mark.parametrize("leads", ["up", "absolute", "link"])
def test_weights_outside_the_folder_are_not_read(tmp_path: Path, leads: str) -> None:
    folder, secret = tmp_path / "model", tmp_path / "secret"
    folder.mkdir()
    secret.write_bytes(np.arange(4, dtype=np.float32).tobytes())
    (folder / "link").symlink_to("../secret")
    place = {"up": "../secret", "absolute": str(secret), "link": "link"}[leads]
    with pytest.raises(UsageError, match="cannot be run"):
        opened(adding_what_lies_in(place, folder / "model.onnx"))


def test_weights_beside_the_file_are_read(tmp_path: Path) -> None:
    """So the test above fails for the place alone."""
    (tmp_path / "weights").write_bytes(np.arange(4, dtype=np.float32).tobytes())
    session = opened(adding_what_lies_in("weights", tmp_path / "model.onnx"))
    assert session.run(None, {"x": np.ones(4, np.float32)})[0].tolist() == [1, 2, 3, 4]
