"""The device and the precision of networks."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import psutil
import torch

from viceversa.errors import UsageError

Device = str | torch.device
"""Device of PyTorch, or one of the texts "auto", "cpu", "cuda", "cuda:1", "mps" and so on."""

CPU = torch.device("cpu")


def device_named(asked: Device = "auto") -> torch.device:
    """Return the device of a name. "auto" is the first available of CUDA, Apple's MPS and the CPU.

    On CUDA, TF32, which rounds factors to 10 bits, is turned off for this process, so that fp32 means fp32. Raises UsageError if
    the device is not available.
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
    """Copy values from the CPU to a device, without waiting for its running computations."""
    return (values.pin_memory() if device.type == "cuda" else values).to(device, non_blocking=True)


@cache
def constant(numbers: tuple[float, ...], device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Return numbers as a vector on a device, copied there once. The vector must not be changed."""
    return torch.tensor(numbers, dtype=dtype, device=device)


def in_words(device: torch.device) -> str:
    """Return the name of a device, such as "cuda (NVIDIA H200)"."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def peak_memory(device: torch.device = CPU) -> int:
    """Return the peak memory in bytes so far: that of PyTorch on a GPU, otherwise that of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if device.type == "mps":
        return int(torch.mps.driver_allocated_memory())
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "linux":  # here getrusage also counts the parent process
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resolved_precision(asked: str, device: torch.device) -> str:
    """Return "fp32" or "bf16". "auto" is bf16 if the hardware computes in it. Raises UsageError for bf16 on MPS."""
    if asked == "auto":
        return "bf16" if has_bf16(device) else "fp32"
    if asked == "bf16" and device.type == "mps":
        raise UsageError("MPS does not support precision bf16: use fp32.")
    return asked


def has_bf16(device: torch.device) -> bool:
    """Return whether the device has bf16 arithmetic in hardware: NVIDIA GPUs since 2020, CPUs with AVX512-BF16 or AMX."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        flags = torch.cpu.get_capabilities() if "get_capabilities" in dir(torch.cpu) else {}
        return bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))
    return False


def in_fp32(device: torch.device) -> torch.device:
    """Turn off TF32 on CUDA (see `device_named`), and return the device."""
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    return device
