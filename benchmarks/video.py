"""A small moving clip, translated and stylized: how consistent the results are in time, and pictures of them.

usage: python benchmarks/video.py [--frames 48] [--styled 6] [--out docs/results/video.json] [--picture docs/results/video.png]

A test person of `avatars` sways and blinks, before a background of soft stripes that moves too: drawn at 256 px, shrunk to 64,
so that motion is of parts of a pixel. In one clip the face stays within 1.25 px of where all faces are that the model was trained
on, in the other it is 2 px lower and moves by up to 3.5 px. `avatars` makes the hair blond, at shares of smoothing of 0, .5 and .8;
beside it are the truth (the same clip drawn with blond hair) and the truth with noise that is new in each frame. Each is measured
by both estimators of flow. Some frames are stylized, each from the last painting warped, and each alone.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
import torch
import tyro
from dicebear import Avatar
from numpy.typing import NDArray
from PIL import Image

from viceversa.data.sets.avatars import labels_of, options_of
from viceversa.data.sets.drawing import style
from viceversa.images.pictures import difference, grid, save_png
from viceversa.inference.load import load
from viceversa.style.stylize import Stylize
from viceversa.video import DIS, FARNEBACK, consistency, processed, translated_frames
from viceversa.video.stylizing import later_settings, stylization

Picture = NDArray[np.uint8]
PERSON, SIDE, LARGE, BLOND = 9001, 64, 256, 1
SHARES = (0.0, 0.5, 0.8)
SWAYS = {"in its place": (5, 0, 0), "out of place": (14, 6, 8)}
"""How far the face goes to the right and down, and how far down it is on average, in 1/256 of the side."""


@dataclass(frozen=True)
class Asked:
    """What is measured."""

    frames: int = 48
    styled: int = 6
    evaluations: int = 120
    """of a painting, and a quarter of it for one that begins with the last"""
    out: Path = Path("docs/results/video.json")
    picture: Path = Path("docs/results/video.png")


def face(eyes: str, label: NDArray[np.float32]) -> Image.Image:
    """The person without a background, large."""
    options = {name: value for name, value in options_of(PERSON, label).items() if name != "backgroundColor"}
    svg = Avatar(style("avataaars"), {**options, "eyesVariant": eyes}).to_string()
    return Image.open(io.BytesIO(resvg_py.svg_to_bytes(svg_string=svg, width=LARGE, height=LARGE, skip_system_fonts=True)))


def clip(count: int, label: NDArray[np.float32], sway: tuple[int, int, int]) -> list[Picture]:
    """The frames, with that label: (64, 64, 3) each."""
    faces = {eyes: face(eyes, label).convert("RGBA") for eyes in ("default", "closed")}
    y, x = np.mgrid[:LARGE, :LARGE]
    frames = []
    for number in range(count):
        turn = 2 * np.pi * number / 24
        wave = np.sin((x + 0.5 * y + 5 * number) / 25) * np.cos((y - 3 * number) / 40)
        below = np.stack([190 + 25 * wave, 205 - 15 * wave, 225 + 20 * wave], 2).round().astype(np.uint8)
        image = Image.fromarray(below).convert("RGBA")
        person = faces["closed" if number % 16 in (6, 7, 8) else "default"]
        image.alpha_composite(_moved(person, round(sway[0] * np.sin(turn)), round(sway[1] * np.cos(turn)) + sway[2]))
        frames.append(np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)))
    return frames


def _moved(image: Image.Image, right: int, down: int) -> Image.Image:
    moved = Image.new("RGBA", image.size)
    moved.paste(image, (right, down))
    return moved


def measured(name: str, frames: Sequence[Picture], made: Sequence[Picture]) -> dict[str, Any]:
    """The figures by both estimators, printed."""
    found: dict[str, Any] = {"name": name}
    for estimator in (DIS, FARNEBACK):
        found |= consistency(frames, made, estimator).figures
    figures = [found["warping_error_of_input_dis"], found["warping_error_dis"], found["warping_error_ratio_dis"], found["flicker"]]
    words = [f"{value:12.6f}" for value in (*figures, found["warping_error_ratio_farneback"])]
    print(f"{name:<48}", *words, flush=True)
    return found


def main() -> None:
    """Measures, and draws."""
    asked = tyro.cli(Asked, description=__doc__)
    torch.set_num_threads(1)
    label = labels_of([PERSON])[0]
    blond = label.copy()
    blond[:3] = np.eye(3)[BLOND]
    print(f"{'':<48}", *(f"{head:>12}" for head in ("E in", "E out", "ratio", "flicker", "ratio farn.")))
    found: list[dict[str, Any]] = []
    clips = {name: (clip(asked.frames, label, sway), clip(asked.frames, blond, sway)) for name, sway in SWAYS.items()}
    made = {name: _translated(name, *pair, found) for name, pair in clips.items()}
    styled = _styled(clips["in its place"][0][: asked.styled], asked.evaluations, found)
    asked.out.write_text(json.dumps({"frames": asked.frames, "styled": asked.styled, "rows": found}, indent=1) + "\n")
    save_png(_sheet(clips, made, styled), asked.picture)


def _translated(name: str, frames: list[Picture], truth: list[Picture], found: list[dict[str, Any]]) -> dict[float, list[Picture]]:
    """A clip translated at each share of smoothing, beside the truth."""
    model, noise = load("avatars"), np.random.default_rng(0)
    found.append(measured(f"{name}: drawn with blond hair (the truth)", frames, truth))
    noisy = [np.clip(each + noise.normal(0, 4, each.shape), 0, 255).round().astype(np.uint8) for each in truth]
    found.append(measured(f"{name}: the truth with noise of 4 levels", frames, noisy))
    results = {}
    for share in SHARES:
        started = time.process_time()
        made = results[share] = list(translated_frames(model, frames, "hair=blond", smooth=share))
        seconds = (time.process_time() - started) / len(frames)
        extra = {"from_truth": far(made, truth), "seconds_a_frame": seconds}
        found.append(measured(f"{name}: translated, --smooth {share:g}", frames, made) | extra)
        print(f"    {extra['from_truth']:.2f} levels from the truth, {seconds:.3f} s of a core a frame")
    return results


def far(made: Sequence[Picture], others: Sequence[Picture]) -> float:
    """The mean difference in levels."""
    return float(np.mean([np.abs(one.astype(int) - other).mean() for one, other in zip(made, others, strict=True)]))


def _styled(frames: Sequence[Picture], most: int, found: list[dict[str, Any]]) -> list[tuple[str, list[Picture]]]:
    """Painted like a picture of bright tiles, from the last painting and alone; the alone ones with as many evaluations too."""
    tiles = np.random.default_rng(3).integers(0, 256, (8, 8, 3), np.uint8)
    painter = Image.fromarray(tiles).resize((128, 128), Image.Resampling.NEAREST)
    settings, rows = Stylize(size=128, sizes=2, evaluations=most), []
    fewer = most // 4
    for name, warm, count in (
        (f"from the last one, {fewer} evaluations", True, fewer),
        (f"from the last one, {2 * fewer} evaluations", True, 2 * fewer),
        (f"each alone, {most} evaluations", False, most),
        (f"each alone, {fewer} evaluations", False, fewer),
    ):
        first = settings if warm else settings.model_copy(update={"evaluations": count})
        process = stylization([painter], first, later_settings(settings, count), warm=warm)
        opened, made = [process.opened(frame) for frame in frames], list(processed(frames, process))
        found.append(
            measured(f"stylized {name}", opened, made) | {"from_input": [far([a], [b]) for a, b in zip(made, opened, strict=True)]}
        )
        print("    levels from the input, frame by frame:", *(f"{value:.1f}" for value in found[-1]["from_input"]))
        rows.append((f"stylized {name}", made))
    return rows


def _sheet(clips: dict[str, Any], made: dict[str, Any], styled: Sequence[tuple[str, list[Picture]]]) -> Image.Image:
    """Frames around a blink below each other, what changes from one to the next, and paintings."""
    shown, cells, names = range(3, 11), [], []
    for place, (frames, truth) in clips.items():
        for name, row in (
            ("input", frames),
            *((f"--smooth {share:g}", each) for share, each in made[place].items()),
            ("truth", truth),
        ):
            cells.append([row[number] for number in shown])
            names.append(f"{place}: {name}")
    for name, row in (
        ("input", clips["in its place"][0]),
        *((f"--smooth {share:g}", each) for share, each in made["in its place"].items()),
    ):
        changes = [difference(row[number], row[number - 1]).astype(int) for number in shown]
        cells.append([np.minimum(255, 3 * each).astype(np.uint8) for each in changes])
        names.append(f"in its place: {name}: change x 3")
    for name, row in styled:
        cells.append([np.asarray(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BOX)) for frame in row])
        names.append(name)
    return grid(cells, [f"frame {number}" for number in shown], names, scale=2)


if __name__ == "__main__":
    main()
