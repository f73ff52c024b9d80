"""The processes of a training, and the device of each."""

from __future__ import annotations

import torch
from accelerate import Accelerator

from viceversa.device import Device, device_named, in_fp32
from viceversa.errors import UsageError


def accelerator_for(run: str) -> Accelerator:
    """Return all processes that `accelerate launch` started, or this one alone, as an Accelerator."""
    return Accelerator(mixed_precision="no", log_with="tensorboard", project_dir=run)


def training_device(accelerator: Accelerator, asked: Device = "auto") -> torch.device:
    """Return the device of this process. "auto" is the device that the process has. Raises UsageError."""
    if asked == "auto":
        return in_fp32(accelerator.device)
    if accelerator.num_processes > 1:
        each = f"each of {accelerator.num_processes} processes has a device of its own"
        raise UsageError(f"`device={str(asked)!r}`: {each}: leave it out.")
    return device_named(asked)
