"""Pictures of chains: the median, the best and the worst one, with the images of every editor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viceversa.errors import UsageError
from viceversa.evaluation.report.contents import CaptionedImage, Strip
from viceversa.images.fitting import fitted
from viceversa.images.pixels import Pixels
from viceversa.multiturn.checking import read_image
from viceversa.multiturn.curves import GOALS, Curves, goal_of
from viceversa.multiturn.measuring import Reference
from viceversa.multiturn.turns import Chain, Turns

SIDE = 160
"""Maximum length in pixels of a picture's longer side."""
WIDEST = 11
"""Maximum number of pictures in a row; of longer chains some turns are left out."""


def strips(read: Sequence[Turns], editors: Sequence[Curves]) -> list[Strip]:
    """Return a strip for the median, the best and the worst chain by the first editor's L1 to the goal after the last turn."""
    first = editors[0]
    if not first.last:
        return []
    goal = goal_of(editors)
    values = first.values(goal, "l1")[:, first.last - 1]
    order = np.argsort(values, kind="stable")[: int(np.isfinite(values).sum())]
    picked: dict[int, str] = {}
    if len(order):
        for rank, position in (("median", (len(order) - 1) // 2), ("best", 0), ("worst", len(order) - 1)):
            picked.setdefault(int(order[position]), rank)
    turns = _shown(max(editor.last for editor in editors))
    return [
        _strip(
            f"{rank}: {first.ids[row]}, {values[row]:.2f} levels to the {GOALS[goal]}", first.ids[row], read, editors, turns, goal
        )
        for row, rank in picked.items()
    ]


def _shown(last: int) -> list[int]:
    """Return the turns to show, including 0 and the last."""
    return sorted({round(turn) for turn in np.linspace(0, last, min(last + 1, WIDEST))})


def _strip(title: str, name: str, read: Sequence[Turns], editors: Sequence[Curves], turns: Sequence[int], goal: Reference) -> Strip:
    """Return the images of every editor for the source with one id, and the ground truth if it is known."""
    rows = []
    facts: dict[str, str] = {}
    for folder, editor in zip(read, editors, strict=True):
        chain = next((each for each in folder.chains if each.id == name), None)
        if chain is None:
            continue
        rows.append((editor.name, [_picture(chain, turn, editor, goal) for turn in turns]))
        if any(turn.truth for turn in chain.turns.values()) and not any(title == "ground truth" for title, _ in rows):
            rows.append(("ground truth", [_thumbnail(chain.turns[turn].truth) if turn in chain.turns else None for turn in turns]))
        if not facts:
            facts = {f"turn {turn}": words for turn in turns if turn and (words := _asked(chain, turn))}
    return Strip(title, facts, [f"turn {turn}" if turn else "source" for turn in turns], rows)


def _asked(chain: Chain, number: int) -> str:
    turn = chain.turns.get(number)
    return "" if turn is None else turn.instruction or turn.asked


def _picture(chain: Chain, number: int, editor: Curves, goal: Reference) -> CaptionedImage | None:
    """Return the image after a turn, with its distance to the goal as caption."""
    turn = chain.turns.get(number)
    shown = _thumbnail(None if turn is None else turn.image)
    if shown is None or not number:
        return shown
    row, column = editor.ids.index(chain.id), number - 1
    value = editor.values(goal, "l1")[row, column] if number in editor.numbers else np.nan
    return CaptionedImage(shown.pixels, (f"L1 {value:.1f}",)) if np.isfinite(value) else shown


def _thumbnail(file: object) -> CaptionedImage | None:
    """Return the image in a file, reduced if it is large; None if there is none that can be read."""
    try:
        pixels: Pixels | None = None if file is None else read_image(file)  # type: ignore[arg-type]
    except UsageError:
        return None
    if pixels is None:
        return None
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    return CaptionedImage(fitted(pixels, (max(1, round(scale * height)), max(1, round(scale * width)))))
