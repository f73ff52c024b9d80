"""Counter of the arithmetic operations of convolutions and matrix products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]  # of PyTorch
    """Count operations while it is active; a multiplication and an addition are two.

    PyTorch's own counter does not support gradient penalties, which differentiate twice.
    """

    total: float = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), settings: Mapping[str, Any] | None = None) -> Any:
        result = function(*arguments, **(settings or {}))
        if count := flop_registry.get(function._overloadpacket):
            self.total += count(*arguments, **(settings or {}), out_val=result)
        return result
