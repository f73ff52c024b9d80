"""The leaderboard of docs/drift.md: one row for each file in results/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from experiments.common import DOCS, fill_page, read_json, table, write_result
from viceversa.metrics.rows import UNDEFINED

RESULTS = Path(__file__).parent / "results"
PAGE = DOCS / "drift.md"
TITLES = {
    "hold": "Hold: asked for what is there already",
    "chain": "Chain: other attributes in every turn",
    "there-and-back": "There and back: glasses on, glasses off",
}
_KEPT = ("l1", "psnr", "psnr_low", "psnr_high", "color_shift", "ssim", "perceptual_lite0")


@dataclass(frozen=True)
class Entry:
    """A row of the leaderboard from a report of `viceversa drift`."""

    report: Positional[Path]
    """drift.json of one editor"""
    what: str
    """the editor in words"""
    how: str
    """command that made the turns"""
    name: str = ""
    """name of the row; that of the editor by default"""


def entry(asked: Entry) -> None:
    """Write results/NAME-PROTOCOL.json."""
    row = row_of(read_json(asked.report), asked.what, asked.how)
    write_result(RESULTS / f"{asked.name or row['editor']}-{row['protocol']}.json", row)


def row_of(numbers: Mapping[str, Any], what: str, how: str) -> dict[str, Any]:
    """A row from the numbers of a report of one editor."""
    (editor,) = numbers["editors"]
    goal, last = numbers["compared_with"], editor["turns"]
    distances = {row["turn"]: row for row in editor["rows"] if row.get("to") == goal}
    rates = {row["rate"]: row for row in editor["rows"] if "rate" in row and row["turn"] == last}
    return {
        "editor": editor["name"], "what": what, "how": how, "protocol": editor["facts"].get("protocol", "unknown"),
        "data": editor["facts"].get("data", "own images"), "chains": editor["chains"], "turns": last, "compared_with": goal,
        "first": {each: distances[1][each] for each in _KEPT if each in distances[1]},
        "last": {each: distances[last][each] for each in _KEPT if each in distances[last]},
        "slope": {each: editor["slope_per_turn"][each] for each in _KEPT if each in editor["slope_per_turn"]},
        "rates": {name: {each: row[each] for each in ("mean", "low", "high")} for name, row in rates.items()},
    }  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Nothing to choose."""


def page(asked: Page) -> None:
    """Write the leaderboard into docs/drift.md."""
    fill_page(PAGE, tables())


def tables() -> dict[str, str]:
    """The table of each protocol."""
    rows = [read_json(path) for path in sorted(RESULTS.glob("*.json"))]
    return {protocol: of_protocol([row for row in rows if row["protocol"] == protocol]) for protocol in TITLES}


def of_protocol(rows: list[dict[str, Any]]) -> str:
    """A table, the least drift after the last turn first."""
    titles = [
        "editor", "images, turns", "L1, turn 1", "L1, last turn", "L1 a turn (95 %)", "PSNR", "low / high", "color", "SSIM",
        "perceptual", "SR@k", "CR@k",
    ]  # fmt: skip
    return table(titles, [_line(row) for row in sorted(rows, key=lambda row: row["last"]["l1"]["mean"])])


def _line(row: Mapping[str, Any]) -> list[str]:
    first, last, slope, rates = row["first"], row["last"], row["slope"], row["rates"]
    drift = slope["l1"]
    return [
        f"{row['what']}", f"{row['chains']}, {row['turns']}", f"{first['l1']['mean']:.2f}",
        f"{last['l1']['mean']:.2f} ({last['l1']['low']:.2f} to {last['l1']['high']:.2f})",
        f"{drift['mean']:+z.3f} ({drift['low']:+z.3f} to {drift['high']:+z.3f})", f"{last['psnr']['mean']:.1f}",
        f"{last['psnr_low']['mean']:.1f} / {last['psnr_high']['mean']:.1f}", f"{last['color_shift']['mean']:.2f}",
        f"{last['ssim']['mean']:.3f}" if "ssim" in last else UNDEFINED, f"{last['perceptual_lite0']['mean']:.2f}",
        *(f"{rates[name]['mean']:.2f}" if name in rates else UNDEFINED for name in ("success_rate", "collapse_rate")),
    ]  # fmt: skip
