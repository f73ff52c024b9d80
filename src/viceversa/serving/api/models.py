"""Descriptions of models for `GET /v1/models`."""

from __future__ import annotations

from pathlib import Path

from viceversa.inference.model import Model
from viceversa.runs.exported.description import columns_of, is_exported
from viceversa.runs.exported.session import opened
from viceversa.runs.pretrained import run_folder
from viceversa.serving.api.messages import About


def about(name: str, run: str, model: Model) -> About:
    """Return the description of a model.

    Args:
        name: its name in requests.
        run: place from which it was loaded.
        model: the model.
    """
    labeller = model.labeller
    return About(
        model=name,
        recipe=model.record.recipe.name,
        step=model.step,
        attributes={each.name: each.values for each in columns_of(model.space)},
        spaces={space: (spec.height, spec.width, spec.channels) for space, spec in model.space.images.items()},
        source_needed=model.routing.described and labeller is None,
        styles=model.method.styles,
        example=model.routing.example_target,
        card=_card(run),
        by_target=model.routing.choose(labels=False, spaces=True, sets=True),
    )


def _card(run: str) -> str:
    """Return the card of a model, in Markdown; empty if it has none."""
    path = Path(run)
    if is_exported(path):
        return str(opened(path, quickly=True).get_modelmeta().custom_metadata_map.get("card", ""))
    card = run_folder(run) / "card.md"
    return card.read_text(encoding="utf-8") if card.is_file() else ""
