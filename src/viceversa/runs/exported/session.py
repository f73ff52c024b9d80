"""ONNX files opened by onnxruntime, whoever made them."""

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
    """Return a session of onnxruntime on the CPU, with as many threads as PyTorch has.

    quickly: without optimizing the graph, for a look at what it is.

    Raises UsageError for a file that onnxruntime cannot run, and without onnxruntime.
    """
    readable(path, "the ONNX file")
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise UsageError(f"{quoted(str(path))} needs the package onnxruntime: pip install 'viceversa[onnx]'.") from error
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # what is wrong is said once, by an exception
    if quickly:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    with in_one_line(path):
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@contextmanager
def in_one_line(path: Path) -> Iterator[None]:
    """Turn what onnxruntime raises in the block into a UsageError that names the file."""
    state = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    failures = (
        state.EPFail, state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NoModel,
        state.NoSuchFile, state.NotImplemented, state.RuntimeException, ValueError,
    )  # fmt: skip
    try:
        yield
    except failures as error:  # onnxruntime's have no class in common
        raise UsageError(f"the ONNX file {quoted(str(path))} cannot be run: {quoted(str(error))}.") from error
