"""Progress bars: names in their titles are text."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from viceversa import progress


@pytest.mark.parametrize("name", ["[/b]", "[red]", "a\\", "\x1b[31m", "new\nline"])
def test_a_title_is_neither_markup_nor_control(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(progress, "CONSOLE", Console(file=terminal, force_terminal=True, width=200, color_system=None))
    assert list(progress.watched(range(3), f"reading {name}")) == [0, 1, 2]
    shown = f"reading {name}"
    assert (shown if shown.isprintable() else repr(shown)) in terminal.getvalue()
    assert "\x1b[31m" not in terminal.getvalue()
