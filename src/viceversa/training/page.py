"""RUN/index.html: the page of a training. A browser opens the file without a server, and reloads it by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from viceversa.files import write_atomically
from viceversa.metrics.health import SIGNS
from viceversa.pages.document import document, escaped, pairs, section
from viceversa.runs.selection import Validation
from viceversa.training.curves import Curve, logged_losses, panels
from viceversa.training.validation import LOG, judgments

PAGE = "index.html"
STYLE = resources.files("viceversa.training").joinpath("page.css").read_text(encoding="utf-8")
REFRESH = 30
"""Seconds after which a browser reloads the page of a running training."""
SAMPLES = 40
"""Maximum number of sample pictures on the page: the newest, and evenly spread earlier ones."""


@dataclass(frozen=True)
class View:
    """What the page shows in addition to the files in the run's folder.

    Args:
        title: title of the page.
        facts: the first lines of the training.
        state: state of the training, as a sentence.
        running: whether it continues.
        step, steps: number of steps done and in all.
        commands: commands for next steps, by purpose.
    """

    title: str
    facts: Mapping[str, str]
    state: str
    running: bool
    step: int
    steps: int
    commands: Mapping[str, str]


def write_page(run: Path, view: View) -> None:
    """Write RUN/index.html from the view, the sample pictures and the logs, atomically. Raises OSError."""
    write_atomically(run / PAGE, run_page(run, view).encode("utf-8", "backslashreplace"))


def run_page(run: Path, view: View) -> str:
    """Return the page as HTML; the sample pictures are links."""
    samples = _shown(run)
    parts = [
        _header(view),
        section("Newest samples", _samples(samples[:1])),
        curves_markup(run, view.step),
        section("What to do next", pairs(view.commands, "commands")),
        section("About this training", pairs(view.facts, "facts")),
        section("Earlier samples", _samples(samples[1:])),
    ]
    images = "'self' file:"  # for a page on disk, browsers interpret 'self' differently
    return document(view.title, "".join(parts), images=images, style=STYLE, refresh=REFRESH if view.running else None)


def curves_markup(run: Path, step: int) -> str:
    """Return the losses of a training and the results of its validation, over the steps 0 to `step`, as sections of a page."""
    losses = section("Losses", panels(logged_losses(run / "metrics.jsonl"), step))
    return losses + section("Validation", _validation(judgments(run / LOG), step))


def _header(view: View) -> str:
    look = "running" if view.running else "ended"
    mark = "running" if view.running else "done" if view.step >= view.steps else "stopped"
    return (
        f'<header>\n<div class="state {look}">{mark}</div>\n'
        f"<h1>{escaped(view.title)}</h1>\n<p>{escaped(view.state)}</p>\n"
        f'<progress max="{view.steps}" value="{view.step}"></progress>\n'
        f'<p class="when">Written at {datetime.now():%Y-%m-%d %H:%M:%S}.</p>\n</header>\n'
    )


def _samples(paths: Sequence[Path]) -> str:
    """Return the sample pictures as HTML."""
    return f'<div class="samples">\n{"".join(map(_sample, paths))}</div>\n' if paths else ""


def _shown(run: Path) -> list[Path]:
    """Return the files of the sample pictures that the page shows, newest first."""
    paths = sorted((run / "samples").glob("[0-9]*.png"), reverse=True)
    if len(paths) <= SAMPLES:
        return paths
    return [paths[number * (len(paths) - 1) // (SAMPLES - 1)] for number in range(SAMPLES)]


def _sample(path: Path) -> str:
    made = datetime.fromtimestamp(path.stat().st_mtime)
    place, caption = f"samples/{quote(path.name)}", f"step {int(path.stem):,}"
    when = f"<small>{made:%Y-%m-%d %H:%M:%S}</small>"
    image = f'<a href="{place}"><img src="{place}" alt="{caption}" loading="lazy"></a>'
    return f"<figure><figcaption>{caption} {when}</figcaption>\n{image}</figure>\n"


def _validation(found: Sequence[Validation], step: int) -> str:
    """Return the signs in the latest validation, and a curve for each number, as HTML."""
    if not found:
        return ""
    curves: dict[str, list[tuple[float, float]]] = {}
    for judgment in found:
        for name, value in judgment.numbers().items():
            curves.setdefault(name, []).append((judgment.step, value))
    ordered: dict[str, Curve] = dict(sorted(curves.items(), key=lambda each: each[0] != found[-1].metric))
    return _signs(found[-1]) + panels(ordered, step)


def _signs(judgment: Validation) -> str:
    means = {sign.name: sign.means for sign in SIGNS}
    told = "".join(f"<li><b>{escaped(name)}</b>: {escaped(means.get(name, ''))}.</li>\n" for name in judgment.signs)
    return f'<ul class="signs">\n{told}</ul>\n' if told else ""
