"""Diffusion pipelines as editors: those that follow instructions, and image-to-image pipelines.

An instruction pipeline, such as InstructPix2Pix or FLUX.1 Kontext, takes an image and a prompt. An image-to-image pipeline also
takes `strength`, the share of noise that is added before the image is denoised. A text-to-image repository is turned into an
image-to-image pipeline with the same parts.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from PIL import Image

from viceversa.device import Device, device_named
from viceversa.errors import UsageError, quoted, unknown
from viceversa.multiturn.editors.answers import answered, in_short
from viceversa.multiturn.editors.editor import Edit, Editor

Precision = Literal["float32", "float16", "bfloat16"]
_CHECKERS = ("nsfw_content_detected", "nsfw_detected")
"""Fields in which pipelines report the findings of their safety checkers: Stable Diffusion, DeepFloyd IF."""


@dataclass(frozen=True)
class Diffusion:
    """Settings of a pipeline. None stands for the pipeline's own default.

    Args:
        dtype: precision of the weights.
        steps: number of denoising steps.
        guidance: weight of the instruction (`guidance_scale`).
        image_guidance: weight of the image, for InstructPix2Pix and similar pipelines (`image_guidance_scale`).
        strength: share of noise from 0 to 1, for image-to-image pipelines.
        safety: whether to keep the pipeline's safety checker, if it has one.
    """

    dtype: Precision = "float32"
    steps: int | None = None
    guidance: float | None = None
    image_guidance: float | None = None
    strength: float | None = None
    safety: bool = True


DEFAULTS = Diffusion()


def by_pipeline(source: str, options: Diffusion = DEFAULTS, device: Device = "auto") -> Editor:
    """Load a pipeline as an editor that follows the edit's instruction.

    Noise is drawn on the CPU, so that a seed means the same on every device. The editor raises UsageError if the pipeline fails,
    and if its safety checker replaces the answer with a black image: otherwise that image would be measured, and edited in every
    later turn.

    Args:
        source: a folder that `save_pretrained` wrote, or a repository of the Hugging Face hub. A folder needs no network.
        options: settings of the pipeline.
        device: device of the pipeline, as in `load`.

    Raises:
        UsageError: If a package is missing, the pipeline cannot be loaded, it does not edit images, or it does not take an option.
    """
    name = f"diffusers:{source}"
    where = device_named(device)
    pipeline = _loaded(source, name, options.dtype).to(where)
    if not options.safety and "safety_checker" in pipeline.components:
        pipeline.register_modules(safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    given = _given(pipeline, options, name)

    def edited(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        generator = torch.Generator("cpu").manual_seed(seed)
        try:
            made = pipeline(prompt=edit.instruction, image=image.convert("RGB"), generator=generator, **given)
        except Exception as error:  # a pipeline can raise anything
            raise UsageError(f"{name} failed: {type(error).__name__}: {in_short(str(error))}.") from error
        if any(any(getattr(made, checker, None) or ()) for checker in _CHECKERS):
            remedy = "leave out the image, or drop the checker with `safety=False`"
            raise UsageError(f"the safety checker of {name} blacked out its answer to {quoted(edit.instruction)}: {remedy}.")
        return answered(made.images[0], name)

    return edited


def _loaded(source: str, name: str, dtype: str) -> Any:
    """Return the pipeline, which takes an image and a prompt. Raises UsageError."""
    if dtype not in get_args(Precision):
        raise unknown("dtype", dtype, get_args(Precision))
    diffusers = _quiet_package(name)
    try:
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            source, dtype=getattr(torch, dtype), local_files_only=Path(source).is_dir()
        )
        if "image" not in _parameters(pipeline):
            pipeline = diffusers.AutoPipelineForImage2Image.from_pipe(pipeline)
    except Exception as error:  # files of any content, and a network
        raise UsageError(f"{name} cannot be loaded as a pipeline that edits images: {in_short(str(error))}.") from error
    if missing := {"image", "prompt"} - _parameters(pipeline).keys():
        raise UsageError(f"{name} is a {type(pipeline).__name__}, which takes no {' and no '.join(sorted(missing))}.")
    return pipeline


def _quiet_package(name: str) -> Any:
    """Return the package diffusers, without progress bars and without warnings about packages that are not needed."""
    try:
        messages = importlib.import_module("transformers.utils.logging")
        diffusers = importlib.import_module("diffusers")
    except ImportError as error:
        raise UsageError(f"{name} needs the packages diffusers and transformers: pip install 'viceversa[editors]'.") from error
    messages.set_verbosity_error()
    for each in (messages, diffusers.utils.logging):
        each.disable_progress_bar()
    return diffusers


def _given(pipeline: Any, options: Diffusion, name: str) -> dict[str, float]:
    """Return the given options as arguments of the pipeline's call. Raises UsageError for one that it does not take."""
    arguments = {
        "steps": "num_inference_steps",
        "guidance": "guidance_scale",
        "image_guidance": "image_guidance_scale",
        "strength": "strength",
    }
    given = {option: value for option in arguments if (value := getattr(options, option)) is not None}
    for option, value in given.items():
        if arguments[option] not in _parameters(pipeline):
            kind = type(pipeline).__name__
            raise UsageError(f"`{option}={value}`: {name} is a {kind}, which takes no {arguments[option]}: leave it out.")
    return {arguments[option]: value for option, value in given.items()}


def _parameters(pipeline: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(pipeline.__call__).parameters
