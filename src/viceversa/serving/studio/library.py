"""Models, runs and reports that the studio offers: those of the package, and all below the given folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from viceversa.device import Device
from viceversa.errors import UsageError, unknown
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.runs.exported.description import is_exported
from viceversa.runs.folder import check_contents
from viceversa.runs.hub import is_on_hub
from viceversa.runs.pretrained import MODELS
from viceversa.runs.weights import numbered

_RECIPE, _REPORT = "recipe.json", "report.html"
_KEPT = 4
"""Number of models kept in memory."""


@dataclass(frozen=True)
class Library:
    """Contents of some folders. Nothing outside them is read, and links are not followed.

    Args:
        folders: the folders.
        files: exported models, and models on the Hugging Face Hub, that were named.
        device: device of the models' networks.
    """

    folders: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    device: Device = "auto"

    @property
    def models(self) -> list[str]:
        """Names of all models: packaged ones, then exported files and runs by their paths."""
        return [*MODELS, *map(str, self.files), *self.runs]

    @property
    def runs(self) -> dict[str, Path]:
        """Runs by their paths."""
        return {str(path): path for folder in self.folders for path in _below(folder) if _plain(path / _RECIPE)}

    @property
    def reports(self) -> dict[str, Path]:
        """Reports of evaluations by their paths."""
        pages = (path / _REPORT for folder in self.folders for path in _below(folder))
        return {str(page): page for page in pages if _plain(page)}

    def run(self, name: str) -> Path:
        """Return the folder of a run. Raises UsageError for a name that is not offered, and for a run with links in it."""
        runs = self.runs
        if name not in runs:
            raise unknown("run", name, runs)
        check_contents(runs[name])
        return runs[name]

    def report(self, name: str) -> str:
        """Return the page of a report. Raises UsageError for a name that is not offered."""
        reports = self.reports
        if name not in reports:
            raise unknown("report", name, reports)
        return reports[name].read_text(encoding="utf-8", errors="replace")

    def open(self, name: str) -> Model:
        """Return the model of that name with its newest weights. Raises UsageError."""
        if name in (*MODELS, *map(str, self.files)):
            return _loaded(name, self.device, ())
        run = self.run(name)
        return _loaded(str(run), self.device, _checkpoints(run))


def library_of(places: Sequence[str | Path], device: Device = "auto") -> Library:
    """Return the library of runs, folders of runs, and exported files. Raises UsageError for a place that is none of these."""
    given = list(dict.fromkeys(map(Path, places)))
    files = [path for path in given if is_on_hub(path) or is_exported(path)]
    for place in given:
        if place not in files and not place.is_dir():
            known = "give a run, a folder with runs in it, or a file that `viceversa export` wrote"
            raise UsageError(f"{str(place)!r} is neither a folder nor an exported model: {known}.")
    return Library(tuple(path for path in given if path not in files), tuple(files), device)


def _below(folder: Path) -> Iterator[Path]:
    """Yield the folder and all folders in it, without hidden ones. The contents of a run belong to the run."""
    for path, folders, files in os.walk(folder):
        folders[:] = [] if _RECIPE in files else sorted(name for name in folders if not name.startswith("."))
        yield Path(path)


def _plain(path: Path) -> bool:
    """Return whether a file exists that is no link, which might lead out of the folders."""
    return path.is_file() and not path.is_symlink()


def _checkpoints(run: Path) -> tuple[str, ...]:
    """Return the names of a run's checkpoints, which change during training."""
    return tuple(f"{part}/{path.name}" for part in ("best", "checkpoints") for path in numbered(run / part))


@lru_cache(maxsize=_KEPT)
def _loaded(name: str, device: Device, checkpoints: tuple[str, ...]) -> Model:
    """Return the model of a run, loaded again when its checkpoints change."""
    return load(name, device=device)
