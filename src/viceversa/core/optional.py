"""Optional settings. Their description says what leaving them out means, so the help shows no default."""

from __future__ import annotations

from typing import Any

from tyro.conf import arg


def optional(metavar: str) -> Any:
    """Return the annotation of a field whose default may be None or (), as in `Annotated[int | None, optional("N")]`."""
    return arg(metavar=metavar, help_behavior_hint=_unless_left_out)


def _unless_left_out(default: str) -> str:
    return f"(default: {default})" if default not in ("", "''", "None") else ""
