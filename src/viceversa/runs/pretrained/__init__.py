"""Models by name: those that come with the package, and those on the Hugging Face Hub.

NAME/   as published.py describes, with weights in half precision
        card.md   data, method, measurements, license, limits
"""

from __future__ import annotations

from pathlib import Path

from viceversa.runs.hub import downloaded, is_on_hub

MODELS = ("avatars", "icons")


def packaged_folder(name: str) -> Path:
    """Return the folder of a packaged model."""
    return Path(__file__).parent / name


def run_folder(run: str | Path) -> Path:
    """Return the folder of a run, of a packaged model (if there is no run of this name), or of hf:USER/NAME.

    A model on the hub is first downloaded to the cache of huggingface_hub. Raises UsageError.
    """
    if is_on_hub(run):
        return downloaded(run)
    return packaged_folder(str(run)) if str(run) in MODELS and not (Path(run) / "recipe.json").exists() else Path(run)
