"""The packaged model `icons`: it changes the weight of icons at once, as its card says."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import processes
import viceversa as vv
from viceversa.core.domains import Domain
from viceversa.data.sets.icons import WEIGHTS, listed, render
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.metrics.similarity import psnr
from viceversa.runs.pretrained import packaged_folder

ICONS = 40


@cache
def model() -> Model:
    return vv.load("icons")


@cache
def drawn() -> Pixels:
    """The first test icons in all weights: (40, 5, 64, 64, 1)."""
    names = listed()["test"][:ICONS]
    return np.stack([render(names, [weight] * ICONS, 64) for weight in WEIGHTS], 1)


def changed(source: str, target: str) -> Pixels:
    """The icons of one weight in another one."""
    label = torch.eye(len(WEIGHTS))
    here, there = (Domain("icons", label[[WEIGHTS.index(name)] * ICONS]) for name in (source, target))
    return model().translate_pixels(drawn()[:, WEIGHTS.index(source)], here, there)


def test_it_is_small_and_has_a_card() -> None:
    folder = packaged_folder("icons")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3e6
    card = (folder / "card.md").read_text()
    assert all(f"## {title}" in card for title in ("Data", "Method", "Measured", "License", "Limits"))
    assert f"{model().step:,} steps" in card and "MIT" in card


@pytest.mark.parametrize(("source", "target", "least"), [("light", "bold", 17), ("bold", "thin", 17), ("thin", "regular", 20)])
def test_it_changes_strokes_as_its_card_says(source: str, target: str, least: float) -> None:
    """On the first test icons: nearer to the designers' drawing than doing nothing, and as near as the card says, about."""
    true, before = drawn()[:, WEIGHTS.index(target)], drawn()[:, WEIGHTS.index(source)]
    made = psnr(changed(source, target), true).mean()
    assert made > psnr(before, true).mean() + 5 and made > least


def test_it_fills_in_part() -> None:
    """More ink than bold strokes have, and less than the designers' filled icons."""
    ink = [255 - np.asarray(each, np.float64).mean() for each in (drawn()[:, 1], changed("light", "fill"), drawn()[:, 4])]
    assert ink[0] * 1.3 < ink[1] < ink[2]


def test_its_labeller_reads_weights() -> None:
    read = model().labeller.read(drawn().reshape(-1, 64, 64, 1))  # type: ignore[union-attr]
    assert model().space.agrees(read, torch.eye(len(WEIGHTS)).repeat(ICONS, 1)).float().mean() > 0.95


def test_it_translates_a_file_at_once(tmp_path: Path) -> None:
    """The labeller reads the weight of the source; a photograph brings a warning."""
    Image.fromarray(drawn()[0, 1, :, :, 0]).save(tmp_path / "icon.png")
    done = processes.command("translate", "icons", "icon.png", "--to", "weight=bold", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = np.asarray(Image.open(tmp_path / "translated" / "icon.png"))[None, :, :, None]
    assert psnr(made, drawn()[:1, WEIGHTS.index("bold")])[0] > psnr(drawn()[:1, 1], drawn()[:1, WEIGHTS.index("bold")])[0] + 3
    Image.effect_noise((64, 64), 90).save(tmp_path / "noise.png")
    done = processes.command("translate", "icons", "noise.png", "--to", "weight=bold", cwd=tmp_path)
    assert "does not look like the images" in done.stderr
