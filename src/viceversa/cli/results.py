"""Check of output files: existing results are replaced only with --overwrite."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from viceversa.errors import UsageError


def check_new(paths: Iterable[Path], overwrite: bool) -> None:
    """Raise UsageError if one of the results exists and must not be overwritten."""
    there = [] if overwrite else [path for path in paths if path.exists()]
    if there:
        others = len(there) - 1
        more = f", and so {'does 1 more result' if others == 1 else f'do {others} more results'}" if others else ""
        raise UsageError(f"{str(there[0])!r} exists already{more}: add --overwrite, or choose another place with --out.")
