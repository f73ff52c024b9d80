"""Where networks run, and in which precision."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import psutil
import torch

from viceversa.errors import UsageError

Device = str | torch.device
"""A device of PyTorch; as a text "auto", "cpu", "cuda", "cuda:1" or "mps"."""

CPU = torch.device("cpu")


def device_named(asked: Device = "auto") -> torch.device:
    """Return the device: for "auto" CUDA, Apple's MPS or the CPU, the first that there is.

    On CUDA, fp32 then means fp32: TF32, which rounds factors to 10 bits, is turned off for this process. Raises UsageError for a
    device that is not there.
    """
    if isinstance(asked, torch.device):
        device = asked
    elif asked == "auto":
        device = torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
    else:
        try:
            device = torch.empty(0, device=asked).device
        except (RuntimeError, AssertionError) as error:  # PyTorch asserts that it was compiled with CUDA
            reason = str(error).partition("\n")[0].removesuffix(".")
            raise UsageError(f"`device={asked!r}`: PyTorch has no such device here ({reason}).") from None
    return in_fp32(device)


def sent(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return values of the CPU on a device, without waiting for what the device does meanwhile."""
    return (values.pin_memory() if device.type == "cuda" else values).to(device, non_blocking=True)


@cache
def constant(numbers: tuple[float, ...], device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Return numbers as a vector on a device, sent there once. Nobody may change it."""
    return torch.tensor(numbers, dtype=dtype, device=device)


def in_words(device: torch.device) -> str:
    """As in "cuda (NVIDIA H200)"."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def peak_memory(device: torch.device = CPU) -> int:
    """Return the most memory in bytes that was taken until now: on a GPU by PyTorch, elsewhere by this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if device.type == "mps":
        return int(torch.mps.driver_allocated_memory())
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "linux":  # where getrusage counts the process that started this one, too
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    import resource  # which Windows lacks

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resolved_precision(asked: str, device: torch.device) -> str:
    """ "fp32" or "bf16": what was asked for; for "auto", bf16 where the hardware computes in it. Raises UsageError."""
    if asked == "auto":
        return "bf16" if has_bf16(device) else "fp32"
    if asked == "bf16" and device.type == "mps":
        raise UsageError("MPS does not support precision bf16: use fp32.")
    return asked


def has_bf16(device: torch.device) -> bool:
    """Whether the device has arithmetic in bf16 of its own: NVIDIA cards from 2020 on, CPUs with AVX512-BF16 or AMX."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        flags = torch.cpu.get_capabilities() if "get_capabilities" in dir(torch.cpu) else {}
        return bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))
    return False


def in_fp32(device: torch.device) -> torch.device:
    """Return the device, on which fp32 means fp32 from now on (see `device_named`)."""
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    return device
