"""Consistency in time of a small moving clip that is translated or stylized, and pictures of it.

python -m experiments.video                              about ten minutes on one core
python -m experiments.video --frames 12 --styled 2       a quick look; add --results DIR to keep the stored result

Writes results/video.json and results/video.png; docs/video.md shows them.

A test person of `avatars` sways and blinks before moving soft stripes. Frames are drawn at 256 px and shrunk to 64, so that motion
is of fractions of a pixel. In one clip the face stays within 1.25 px of its place in the training images; in the other it is 2 px
lower and moves by up to 3.5 px. The model `avatars` makes the hair blond with `--smooth` 0, .5 and .8. Beside it are the ground
truth (the same clip drawn with blond hair) and the ground truth with new noise in each frame. Both estimators of flow measure each
clip. Some frames are stylized, each from the last painting, warped, and each alone.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
import torch
from dicebear import Avatar
from numpy.typing import NDArray
from PIL import Image

from experiments.common import DOCS, show, write_result
from viceversa.data.sets.avatars import labels_of, options_of
from viceversa.data.sets.drawing import style
from viceversa.images.pictures import difference, grid, save_png
from viceversa.inference.load import load
from viceversa.style.stylize import Stylize
from viceversa.video import DIS, FARNEBACK, consistency, processed, translated_frames
from viceversa.video.stylizing import later_settings, stylization

RESULTS, PAGE = Path(__file__).parent / "results", DOCS / "video.md"
Picture = NDArray[np.uint8]
PERSON, SIDE, LARGE, BLOND = 9001, 64, 256, 1
SHARES = (0.0, 0.5, 0.8)
SWAYS = {"in its place": (5, 0, 0), "out of place": (14, 6, 8)}
"""Motion of the face to the right and down, and its mean offset down, in 1/256 of the side."""


@dataclass(frozen=True)
class Clips:
    """Length of the clips, and where the result goes."""

    frames: int = 48
    styled: int = 6
    evaluations: int = 120
    """evaluations of a painting; a painting that begins with the last one has a quarter"""
    results: Path = RESULTS


def face(eyes: str, label: NDArray[np.float32]) -> Image.Image:
    """The person without a background, at LARGE pixels."""
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
    """Measure a clip by both estimators, and print a line."""
    found: dict[str, Any] = {"name": name}
    for estimator in (DIS, FARNEBACK):
        found |= consistency(frames, made, estimator).figures
    figures = [found["warping_error_of_input_dis"], found["warping_error_dis"], found["warping_error_ratio_dis"], found["flicker"]]
    words = [f"{value:12.6f}" for value in (*figures, found["warping_error_ratio_farneback"])]
    print(f"{name:<48}", *words, flush=True)
    return found


def main(asked: Clips) -> None:
    """Translate, stylize, measure and draw the clips."""
    torch.set_num_threads(1)
    label = labels_of([PERSON])[0]
    blond = label.copy()
    blond[:3] = np.eye(3)[BLOND]
    print(f"{'':<48}", *(f"{head:>12}" for head in ("E in", "E out", "ratio", "flicker", "ratio farn.")))
    found: list[dict[str, Any]] = []
    clips = {name: (clip(asked.frames, label, sway), clip(asked.frames, blond, sway)) for name, sway in SWAYS.items()}
    made = {name: _translated(name, *pair, found) for name, pair in clips.items()}
    styled = _styled(clips["in its place"][0][: asked.styled], asked.evaluations, found)
    write_result(asked.results / "video.json", {"frames": asked.frames, "styled": asked.styled}, found)
    save_png(_sheet(clips, made, styled), asked.results / "video.png")
    if asked.results == RESULTS:
        show(RESULTS, PAGE)


def _translated(name: str, frames: list[Picture], truth: list[Picture], found: list[dict[str, Any]]) -> dict[float, list[Picture]]:
    """Translate a clip at each share of smoothing, and measure it beside the ground truth."""
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
    """Mean absolute difference of two clips, in levels."""
    return float(np.mean([np.abs(one.astype(int) - other).mean() for one, other in zip(made, others, strict=True)]))


def _styled(frames: Sequence[Picture], most: int, found: list[dict[str, Any]]) -> list[tuple[str, list[Picture]]]:
    """Paint frames in the style of bright tiles, from the last painting and each alone, with several numbers of evaluations."""
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
    """Picture of frames around a blink, of the changes from frame to frame, and of paintings."""
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
