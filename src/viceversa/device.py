"""Where a training runs, and in which precision."""

from __future__ import annotations

import torch
from accelerate import Accelerator

from viceversa.errors import UsageError


def accelerator_for(run: str) -> Accelerator:
    """CUDA, Apple's MPS or the CPU, whichever there is, and all processes that `accelerate launch` started."""
    return Accelerator(mixed_precision="no", log_with="tensorboard", project_dir=run)


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
