"""The library names arguments, the command line flags: one message, said in the language of whoever asks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import viceversa as vv
from viceversa.cli import main
from viceversa.cli.flags import in_flags
from viceversa.inference.masks import Region

LIBRARY = Path(vv.__file__).parent


def refusals(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """The functions that raise errors of the user's, innermost ones too."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            names = {node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
            if names & {"UsageError", "BadImage", "NotFiniteError", "unknown"}:
                yield function


def texts(function: ast.FunctionDef) -> Iterator[ast.Constant]:
    """The string literals of a function, its docstring left out."""
    documented = isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant)
    for statement in function.body[1 if documented else 0 :]:
        yield from (node for node in ast.walk(statement) if isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_error_of_the_library_names_a_flag(path: Path) -> None:
    """Docstrings and comments may. Where a message would name a flag, it names the argument in backquotes instead."""
    if path.parent.name == "cli":
        return
    found = {
        f"line {text.lineno}: {text.value!r}"
        for function in refusals(ast.parse(path.read_text()))
        for text in texts(function)
        if re.search(r"(?<![\w-])--[a-z]", text.value)
    }
    assert not found, (
        f"{path}: write the setting as Python's argument in backquotes, as `out` for --out, `full_size` for --full-size, "
        f"`source` for --from, or with a value `to='hair=black'`; cli/flags.py renders it as the flag. {found}"
    )


@pytest.mark.parametrize(
    ("python", "shown"),
    [
        ("choose another folder with `out`.", "choose another folder with --out."),
        ("leave out `full_size` and `init_only`.", "leave out --full-size and --init-only."),
        ("go on with it (`resume=True`).", "go on with it (--resume)."),
        ("as in `to='hair=black'`.", "as in --to hair=black."),
        ("start with `init='my runs/a'`.", "start with --init 'my runs/a'."),
        ("say with `source` what it shows.", "say with --from what it shows."),
        ("allow more with `most_pixels`.", "allow more with --max-pixels."),
        ("Train with `method.critic_width=64` `method.fit='resize'`.", "Train with --method.critic-width 64 --method.fit resize."),
        ("`feather=-3`: from 0", "--feather -3: from 0"),
        ("`method.size=(1, 2)`", "--method.size 1 2"),
        ("`Two words` and `viceversa chains` stay, as '`' does", "`Two words` and `viceversa chains` stay, as '`' does"),
    ],
)
def test_settings_become_flags(python: str, shown: str) -> None:
    assert in_flags(python) == shown


def test_one_error_in_both_languages(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken").mkdir()
    Path("taken", "notes.txt").write_text("mine")
    with pytest.raises(vv.UsageError) as refused:
        vv.train("stargan", out="taken")
    with pytest.raises(SystemExit):
        main(["train", "stargan", "--out", "taken"])
    python, shown = str(refused.value), capsys.readouterr().err
    assert "with `out`." in python and "--" not in python
    assert shown == f"viceversa: {python.replace('`out`', '--out')}\n"


def test_python_speaks_python_of_targets_and_regions() -> None:
    model, face = vv.load("avatars"), np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(vv.UsageError, match=r"as in `to='hair=black'`\.$"):
        model.translate(face)
    with pytest.raises(vv.UsageError, match=r"^`feather=-1`: "):
        Region(face, feather=-1)
