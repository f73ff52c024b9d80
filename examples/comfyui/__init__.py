"""Nodes for ComfyUI: Translate, Chain and Drift.

Copy or link this folder into ComfyUI's `custom_nodes`, and install viceversa into ComfyUI's environment. Nothing is imported
before a node runs, so ComfyUI starts as fast as before. Images are ComfyUI's: tensors (N, height, width, channels) of floats in
[0, 1].
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_MODEL = ("STRING", {"default": "avatars", "tooltip": "avatars, icons, a run's folder, or an exported ONNX file"})
_FULL_SIZE = ("BOOLEAN", {"default": False, "tooltip": "keep the image's size"})


@lru_cache(maxsize=2)
def _loaded(model: str) -> Any:
    import viceversa

    return viceversa.load(model)


class Translate:
    """Translate images to a target, such as "glasses=yes" or the name of a space."""

    CATEGORY, FUNCTION, RETURN_TYPES = "viceversa", "run", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # ComfyUI's name
        to = ("STRING", {"default": "glasses=yes"})
        return {"required": {"images": ("IMAGE",), "model": _MODEL, "to": to, "full_size": _FULL_SIZE}}

    def run(self, images: Any, model: str, to: str, full_size: bool) -> tuple[Any]:
        made = _loaded(model).translate(images.movedim(-1, 1), to, full_size=full_size)
        return (made.movedim(1, -1),)


class Chain:
    """Translate images to each target in turn, one on each line. The result has the images after the first step, then those after
    the second, and so on."""

    CATEGORY, FUNCTION, RETURN_TYPES = "viceversa", "run", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        targets = ("STRING", {"default": "glasses=yes\nhair=blond\nglasses=no", "multiline": True})
        return {"required": {"images": ("IMAGE",), "model": _MODEL, "targets": targets, "full_size": _FULL_SIZE}}

    def run(self, images: Any, model: str, targets: str, full_size: bool) -> tuple[Any]:
        import torch

        steps = [line.strip() for line in targets.splitlines() if line.strip()]
        made = _loaded(model).chain(images.movedim(-1, 1), steps, full_size=full_size)
        return (torch.cat(made).movedim(1, -1),)


class Drift:
    """Measure how far images are from others of the same size: the mean absolute difference in levels of 255, and PSNR in dB."""

    CATEGORY, FUNCTION, RETURN_TYPES = "viceversa", "run", ("FLOAT", "FLOAT", "STRING")
    RETURN_NAMES = ("difference", "psnr", "text")
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"images": ("IMAGE",), "source": ("IMAGE",)}}

    def run(self, images: Any, source: Any) -> dict[str, Any]:
        from viceversa.multiturn.measures import pixel_measures

        pairs = zip(images, source.expand_as(images), strict=True)
        found = [pixel_measures(*((255 * each).round().byte().cpu().numpy() for each in pair)) for pair in pairs]
        difference, psnr = (sum(float(each[name]) for each in found) / len(found) for name in ("l1", "psnr"))
        text = f"{difference:.2f} levels, PSNR {psnr:.1f} dB"
        return {"ui": {"text": [text]}, "result": (difference, psnr, text)}


NODE_CLASS_MAPPINGS = {"ViceversaTranslate": Translate, "ViceversaChain": Chain, "ViceversaDrift": Drift}
NODE_DISPLAY_NAME_MAPPINGS = {
    "ViceversaTranslate": "Translate (Viceversa)", "ViceversaChain": "Chain (Viceversa)", "ViceversaDrift": "Drift (Viceversa)",
}  # fmt: skip
