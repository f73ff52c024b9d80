"""Open ONNX files with onnxruntime, whatever program made them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from viceversa.errors import UsageError, quoted
from viceversa.files import readable


def opened(path: Path, *, quickly: bool = False) -> Any:
    """Return a session of onnxruntime on the CPU, with as many threads as PyTorch uses.

    Args:
        path: the file.
        quickly: skip the optimization of the graph, if only the metadata is needed.

    Raises:
        UsageError: If onnxruntime is missing or cannot run the file.
    """
    readable(path, "the ONNX file")
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise UsageError(f"{quoted(str(path))} needs the package onnxruntime: pip install 'viceversa[onnx]'.") from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # errors are reported once, as exceptions
    if quickly:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    with in_one_line(path):
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@contextmanager
def in_one_line(path: Path) -> Iterator[None]:
    """Turn errors of onnxruntime in the block into a UsageError that names the file."""
    state = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    failures = (
        state.EPFail, state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NoModel,
        state.NoSuchFile, state.NotImplemented, state.RuntimeException, ValueError,
    )  # fmt: skip
    try:
        yield
    except failures as error:  # they have no common base class
        raise UsageError(f"the ONNX file {quoted(str(path))} cannot be run: {quoted(str(error))}.") from error
