"""The page docs/results/methods.md from the stored results: its tables and pictures, and results/summary.json.

python -m experiments.methods page          some seconds
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.common import DOCS, ROOT, fill_page, read_json, show, table, write_json
from experiments.methods.entries import AMONG_LABELS, BETWEEN_SPACES, ENTRIES, EXTRA, Entry

RESULTS = Path(__file__).parent / "results"
PARITY = ROOT / "benchmarks" / "parity" / "results"
PAGE, SUMMARY = DOCS / "results" / "methods.md", RESULTS / "summary.json"
Found = Mapping[str, Mapping[str, Any]]

CORRELATION, DIVERSITY = 0.8, 5 * 0.5
"""Aims for the rank correlation of strengths, and for the diversity of styles in levels: five times the rounding to 8 bits."""
NETWORKS = "official networks; losses stated again on them"
CODE = {
    "stargan": NETWORKS, "fixed-point": NETWORKS, "stargan2": NETWORKS, "cyclegan": NETWORKS, "augmented-cyclegan": NETWORKS,
    "triple": "official networks; the generator's losses stated again on them",
    "discogan": "official networks, the generators' last layer a tanh; losses stated again on them",
    "better-cycles": "official cycle loss and schedules, on our networks; other losses stated again",
    "cut": "official networks, heads and contrastive loss; GAN losses stated again",
    "relgan": "networks of a co-author's port, given what the paper has otherwise; losses stated again",
    "pix2pix": "networks and GAN loss of CUT's code; the L1 loss stated again",
}  # fmt: skip
"""Part of the reference code that ran beside ours. No training step ran: a step is data, losses, optimizers and their order."""

ON_TEST = ("relgan", "multicyclic-relgan")
"""Methods whose settings were chosen on test images, the first 300 that are measured; the tables mark them."""
BEFORE = ("stgan", "multicyclic-stgan", "better-cycles")
"""Methods whose numbers a later change of the training affects (docs/results/methods.md says which); the tables mark them."""


def main() -> None:
    """Fill the page from the stored results."""
    fill_page(PAGE, tables())
    show(RESULTS, PAGE)
    write_json(SUMMARY, summary())


def results(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The stored results by name; `rows` by direction and k, through 8 bits."""
    found = {}
    for name in names:
        if (path := RESULTS / f"{name}.json").exists():
            stored = read_json(path)
            stored["rows"] = {(row["direction"], row["cycles"]): telling(row) for row in stored["rows"] if row["chain"] == "8bit"}
            found[name] = stored
    return found


def telling(row: dict[str, Any]) -> dict[str, Any]:
    """The row without its kept accuracy if the classifier reads only one attribute, the one that changes."""
    return row if len(row["accuracy_by_attribute"]) > 1 else row | {"kept_accuracy": None}


def floor(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of doing nothing on the same data, at k = 0."""
    rows = read_json(RESULTS / f"bounds-{stored['dataset']}.json")["rows"]
    found: dict[str, Any] = next(row for row in rows if (row["model"], row["direction"], row["cycles"]) == ("floor", "inv", 0))
    return found


def summary() -> dict[str, dict[str, Any]]:
    """Changed and kept accuracy of each method at k = 0, its aim, whether it was met, and how the method was proven."""
    found = {}
    for name, stored in results(tuple(ENTRIES)).items():
        changed, kept = accuracies(stored)
        aim = aim_of(name, stored)
        found[name] = {
            "changed_accuracy": changed, "kept_accuracy": kept, "aim": aim, "met": None if aim is None else changed >= aim,
            "parity": parity(ENTRIES[name]),
        }  # fmt: skip
        for measure, least in (("rank_correlation", CORRELATION), ("diversity_l1", DIVERSITY)):
            if measure in stored:
                found[name] |= {measure: stored[measure], f"{measure}_aim": least, f"{measure}_met": stored[measure] >= least}
    return found


def accuracies(stored: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Changed and kept accuracy at k = 0; from plain faces to glasses, by the classifier of `avatars`, which reads all labels."""
    if "by_attributes" in stored:
        return stored["by_attributes"]["changed_accuracy"], stored["by_attributes"]["kept_accuracy"]
    row = stored["rows"]["inv", 0]
    return row["changed_accuracy"], row["kept_accuracy"]


def aim_of(name: str, stored: Mapping[str, Any]) -> float | None:
    """The aim that was set beforehand, or a difference to doing nothing."""
    entry = ENTRIES[name]
    if entry.above_floor is None:
        return entry.aim
    nothing = stored.get("by_attributes", {}).get("floor_changed_accuracy", floor(stored)["changed_accuracy"])
    return round(nothing + entry.above_floor, 3)


def parity(entry: Entry) -> str:
    """The reference code and the largest relative difference; or the tests with values computed by hand."""
    chained = entry.recipe == "multicyclic" or entry.settings == EXTRA
    recipe = "stargan" if entry.recipe == "multicyclic" else entry.recipe
    path = PARITY / f"{recipe}.json"
    proof = "by hand in tests/methods"
    if path.exists():
        worst = max(row["difference"] / row["largest"] for row in read_json(path))
        proof = f"{CODE[recipe]}; largest relative difference {worst:.1e}"
    return f"without the chain: {proof}" if chained else proof


def tables() -> dict[str, str]:
    """Tables by the names of the page's marks."""
    labels, spaces = results(tuple(AMONG_LABELS)), results(tuple(BETWEEN_SPACES))
    return {
        "aims": aims(), "costs": costs({**labels, **spaces}),
        "strengths": strengths(labels), "styles": styles({**labels, **spaces}),
    }  # fmt: skip


def aims() -> str:
    """The summary as a table."""
    lines = []
    for name, found in summary().items():
        kept = "-" if found["kept_accuracy"] is None else f"{found['kept_accuracy']:.3f}"
        aim = "-" if found["aim"] is None else f"{found['aim']:.3f} {'met' if found['met'] else '**missed**'}"
        changed = "-" if found["changed_accuracy"] is None else f"{found['changed_accuracy']:.3f}"
        others = [each for each in ("rank_correlation", "diversity_l1") if each in found]
        more = ", ".join(f"{found[each]:.3g}, aim {found[f'{each}_aim']:g}" for each in others) or "-"
        lines.append([marked(name), ENTRIES[name].what, changed, kept, aim, more, found["parity"]])
    return table(
        ("method", "what", "changed", "kept", "aim", "rank correlation, or levels of diversity", "what ran beside ours"), lines
    )


def marked(name: str) -> str:
    """The name with a dagger if its settings were chosen on test images, with "(before)" if the training has changed since."""
    return f"{name} †" if name in ON_TEST else f"{name} (before)" if name in BEFORE else name


def costs(found: Found) -> str:
    """Table of the mean costs of a training step."""
    lines = []
    for name, stored in found.items():
        cost = stored["cost"]
        forwards = [f"{cost[key]:.2f}".rstrip("0").rstrip(".") for key in ("generator_forwards", "discriminator_forwards")]
        work, time = f"{cost['operations'] / 1e9:.2f}", f"{cost['milliseconds']:.0f}"
        lines.append([name, f"{stored['steps']:,} x {stored['batch']}", *forwards, work, time, str(cost["megabytes"])])
    titles = ("method", "steps x batch", "generator forwards", "discriminator forwards", "10⁹ operations", "milliseconds", "MiB")
    return table(titles, lines)


def strengths(found: Found) -> str:
    """Table of graded edits."""
    graded = {name: stored for name, stored in found.items() if "rank_correlation" in stored}
    lines = [[marked(name), f"{one['rank_correlation']:.3f}", f"{one['l1_to_true_strip']:.1f}"] for name, one in graded.items()]
    return table(("method", "rank correlation with the true strip", "L1 to the true strip, in levels"), lines)


def styles(found: Found) -> str:
    """Table of the diversity of translations to one target."""
    several = {name: stored for name, stored in found.items() if "diversity_l1" in stored}
    lines = [[name, f"{one['diversity_l1']:.2f}", f"{one['diversity_perceptual_lite0']:.2f}"] for name, one in several.items()]
    return table(("method", "mean L1 between ten seeds, in levels", "mean perceptual_lite0 between them"), lines)
