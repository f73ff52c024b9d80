"""A graphics processor that is none: PyTorch's meta device, whose tensors have shapes and no numbers.

PyTorch itself lets tensors of the CPU and of the meta device meet in most operations. Under `OneDevice` they may not, as on a real
processor; and what is brought back to the CPU is there, as zeros, so that a whole command can run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from viceversa import pipeline
from viceversa.training import step

META = torch.device("meta")
_COPIES = (torch.ops.aten._to_copy, torch.ops.aten.copy_, torch.ops.aten._local_scalar_dense)


class ApartError(Exception):
    """Tensors of one operation that are on different devices, or a network on another device than was asked for."""


class OneDevice(TorchDispatchMode):  # type: ignore[no-untyped-call]  # of PyTorch
    """Raises ApartError where an operation takes tensors of different devices, and where a network computes on the CPU.

    Numbers (0 dimensions) may come from the CPU. waits: the operations for which a program would wait for the device.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), settings: Mapping[str, Any] | None = None) -> Any:
        options = dict(settings or {})
        if torch.is_inference_mode_enabled():  # where operations come whole that are taken apart elsewhere
            with self:
                if (made := function.decompose(*arguments, **options)) is not NotImplemented:
                    return made
        packet, tensors = function.overloadpacket, list(_tensors(arguments, *options.values()))
        if packet not in _COPIES:
            found = {each.device for each in tensors if each.ndim or each.device.type != "cpu"}
            if len(found) > 1:
                raise ApartError(f"{function}: tensors on {', '.join(sorted(map(str, found)))}")
            if packet in flop_registry and any(isinstance(each, nn.Parameter) and not each.is_meta for each in tensors):
                raise ApartError(f"{function}: a network on the CPU")
            return function(*arguments, **options)
        first = arguments[0]
        if _waits(packet, arguments, options):
            self.waits.append(str(function))
        if packet is torch.ops.aten._local_scalar_dense and first.is_meta:
            return torch.ones((), dtype=first.dtype).item()
        if packet is torch.ops.aten._to_copy and first.is_meta and torch.device(options.get("device") or META).type == "cpu":
            return torch.zeros(first.shape, dtype=options.get("dtype") or first.dtype)
        if packet is torch.ops.aten.copy_ and not first.is_meta and arguments[1].is_meta:
            return first.zero_()
        return function(*arguments, **options)


def _waits(packet: Any, arguments: Any, options: Mapping[str, Any]) -> bool:
    """Whether a copy crosses between the devices and is not said to be done meanwhile, or a number is fetched."""
    here = arguments[0].device.type
    if packet is torch.ops.aten._local_scalar_dense:
        return bool(here == "meta")
    if packet is torch.ops.aten.copy_:
        return bool(here != arguments[1].device.type and not (len(arguments) > 2 and arguments[2]))
    there = torch.device(options.get("device") or here).type
    return bool(here != there and not options.get("non_blocking"))


def _tensors(*values: Any) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(*value)


class Here:
    """Threads that are none: what is submitted is done at once."""

    def __init__(self, *arguments: Any, **settings: Any) -> None: ...

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *error: object) -> None: ...

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(work(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def one_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[OneDevice]:
    """Within it, tensors must be on one device. Threads have no such mode: their work is done here. Autocast and fused optimizers
    have no meta device.
    """
    monkeypatch.setattr(torch, "autocast", lambda *arguments, **settings: nullcontext())
    monkeypatch.setattr(pipeline, "ThreadPoolExecutor", Here)
    monkeypatch.setattr(step, "_descend", lambda *arguments: None)
    with OneDevice() as mode:  # type: ignore[no-untyped-call]
        yield mode


@contextmanager
def left_behind(network: nn.Module) -> Iterator[None]:
    """Within it, a network is on the CPU: the fault that must be found."""
    network.to_empty(device="cpu")
    try:
        yield
    finally:
        network.to_empty(device=META)
