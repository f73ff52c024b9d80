"""Models by their names: those that come with the package, and those on the Hugging Face Hub.

NAME/   as published.py says, with weights in half precision
        card.md   data, method, what was measured, license, limits
"""

from __future__ import annotations

from pathlib import Path

from viceversa.runs.hub import downloaded, is_on_hub

MODELS = ("avatars", "icons")


def packaged_folder(name: str) -> Path:
    """Where a packaged model is."""
    return Path(__file__).parent / name


def run_folder(run: str | Path) -> Path:
    """Return the folder of a run, of a packaged model where that is its name and there is no such run, or of hf:USER/NAME.

    The last one is downloaded to the cache of huggingface_hub first. Raises UsageError.
    """
    if is_on_hub(run):
        return downloaded(run)
    return packaged_folder(str(run)) if str(run) in MODELS and not (Path(run) / "recipe.json").exists() else Path(run)
