"""Convert a PyTorch module to an ONNX graph."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from viceversa.errors import UsageError

OPSET = 20


def check_packages() -> None:
    """Raise UsageError if a package that an export needs is missing."""
    for name in ("onnx", "onnxscript", "onnxruntime"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise UsageError(f"an export needs the package {name}: pip install 'viceversa[export]'.") from error


def converted(
    module: nn.Module, examples: Mapping[str, Tensor], outputs: Sequence[str], metadata: Mapping[str, str], *, any_size: bool
) -> bytes:
    """Return a module as an ONNX file, for any number of images.

    Args:
        module: the module.
        examples: examples of the inputs, in order, by their names in the graph.
        outputs: names of the outputs.
        metadata: texts to store in the file, by key.
        any_size: whether the first input, images (N, H, W, C), may have any height and width.
    """
    import onnx

    count, sides = torch.export.Dim("N"), {1: torch.export.Dim("H"), 2: torch.export.Dim("W")}
    first, *more = [{0: count, **(sides if any_size else {})}, *({0: count} for _ in range(len(examples) - 1))]
    for name in ("torch.onnx", "onnxscript"):
        logging.getLogger(name).setLevel(logging.ERROR)  # they warn about packages that are not needed
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(), tuple(examples.values()), input_names=[*examples], output_names=[*outputs],
            dynamic_shapes=(first, tuple(more)) if more else (first,), opset_version=OPSET, verbose=False,
        )  # fmt: skip
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # paths and lines of this computer's source files
    onnx.helper.set_model_props(model, dict(metadata))
    return bytes(model.SerializeToString())
