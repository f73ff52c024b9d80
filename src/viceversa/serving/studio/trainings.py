"""What the studio shows of a training (progress, curves, warnings, sample pictures) and of a report. Files are only read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from viceversa.errors import UsageError
from viceversa.pages.document import escaped, framed
from viceversa.runs.folder import is_training
from viceversa.runs.record import changed_settings, read_record
from viceversa.runs.weights import numbered
from viceversa.training.curves import last_step
from viceversa.training.page import curves_markup

SAMPLES = 12
"""Maximum number of sample pictures shown: the newest, the first, and evenly spread ones between."""
_WATCHED = ("metrics.jsonl", "validation.jsonl", "samples", "recipe.json")

Stamp = tuple[object, ...]


def stamp(run: Path) -> Stamp:
    """Return what changes when a training starts, writes or ends: whether it runs, and time and size of each of its files."""
    found: list[object] = [is_training(run)]
    for name in _WATCHED:
        try:
            status = (run / name).stat()
        except FileNotFoundError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size))
    return tuple(found)


def run_markup(run: Path) -> str:
    """Return the state of a training, its losses, its validation and its warnings, as HTML. Raises UsageError for a damaged run."""
    record = read_record(run)
    steps, log = record.recipe.training.steps, run / "metrics.jsonl"
    training, saved = is_training(run), numbered(run / "checkpoints")
    step = max(last_step(log), int(saved[-1].name) if saved else 0)
    state = "training" if training else "done" if step >= steps else "stopped"
    when = f", written at {datetime.fromtimestamp(log.stat().st_mtime):%Y-%m-%d %H:%M:%S}" if log.exists() else ""
    return (
        f'<header>\n<div class="state {"running" if training else "ended"}">{state}</div>\n'
        f"<h3>{escaped(record.title)} on {escaped(record.dataset)}</h3>\n<p>step {step:,} of {steps:,}{when}</p>\n"
        f'<progress max="{steps}" value="{min(step, steps)}"></progress>\n</header>\n{curves_markup(run, step)}'
    )


def sample_files(run: Path) -> list[Path]:
    """Return the sample pictures of a training, newest first."""
    paths = sorted((path for path in (run / "samples").glob("[0-9]*.png") if not path.is_symlink()), reverse=True)
    if len(paths) <= SAMPLES:
        return paths
    return [paths[number * (len(paths) - 1) // (SAMPLES - 1)] for number in range(SAMPLES)]


def differences_markup(runs: Sequence[Path]) -> str:
    """Return a table of the settings in which two runs differ, as HTML."""
    first, second = (read_record(run) for run in runs)
    found = list(changed_settings(first.recipe, second.recipe))
    if not found:
        return "<p>Both runs have the same settings.</p>"
    rows = "".join(
        f'<tr><th scope="row">{escaped(name)}</th><td>{escaped(str(one))}</td><td>{escaped(str(other))}</td></tr>\n'
        for name, one, other in found
    )
    heads = "".join(f'<th scope="col">{escaped(str(run))}</th>' for run in runs)
    table = f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>\n{rows}</tbody></table>"
    return f'<h3>Settings that differ</h3>\n<div class="scroll" tabindex="0">{table}</div>'


def report_markup(page: str) -> str:
    """Return a report in an inline frame that runs no script and loads nothing. Raises UsageError for a page with a script."""
    if "<script" in page.lower():
        raise UsageError("this page has a script in it, so it is no report of viceversa.")
    return framed(page)
