"""The notebooks: stored without outputs, and executed from the first cell to the last, with what they display."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples"
SHORTER = {
    "train_and_look": ("STEPS, SAMPLES = 2000, 200", "STEPS, SAMPLES = 4, 8", 2, 2),
    "judge_an_editor": ("CHAINS, TURNS = 12, 10", "CHAINS, TURNS = 2, 2", 1, 0),
}
"""Notebook -> the last line of its first cell, a shorter one, and how many cells display HTML and pictures."""


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_is_stored_without_outputs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "1")
    lengths, shorter, *displayed = SHORTER[path.stem]
    book: Any = nbformat.read(path, as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert code[0].source.endswith(lengths)
    code[0].source = code[0].source.replace(lengths, shorter)
    NotebookClient(book, timeout=200, resources={"metadata": {"path": tmp_path}}).execute()
    kinds = [kind for cell in code for output in cell.outputs for kind in output.get("data", {})]
    assert [kinds.count("text/html"), kinds.count("image/png")] == displayed
