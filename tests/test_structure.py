"""A method is a file: the page of recipes has them all, and only imported weights know one by name."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from viceversa.recipes import RECIPES

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "src" / "viceversa"
METHODS = [path.name for path in (CORE / "methods").glob("[!_]*.py")]


def test_the_page_has_every_recipe() -> None:
    listed = re.findall(r"^\|(.*?)\|", (ROOT / "docs" / "recipes.md").read_text(), re.M)
    assert set(RECIPES) <= {name for cell in listed for name in re.findall(r"`([\w-]+)`", cell)}


def test_every_method_names_its_paper() -> None:
    for name in METHODS:
        told = ast.get_docstring(ast.parse((CORE / "methods" / name).read_text())) or ""
        assert re.search(r"@\w+\{.*title=.*author=.*(eprint|year)=", told, re.S), name


def imported(path: Path) -> Iterator[str]:
    """All modules that a file names in its imports, and all that it takes from them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_only_imported_weights_know_methods_by_name() -> None:
    """`importing` turns two projects' checkpoints into runs; recipes name modules as text."""
    knowing = {
        str(path.relative_to(CORE))
        for path in CORE.rglob("*.py")
        if path.parent.name != "methods" and any(name.startswith("viceversa.methods") for name in imported(path))
    }
    assert knowing == {"training/importing.py"}


def test_only_the_command_line_prints_and_knows_flags() -> None:
    library = [path for path in CORE.rglob("*.py") if path.parent.name != "cli"]
    for path in library:
        text = path.read_text()
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        assert not any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls), path
        assert not re.search(r"(^|[^\w-])--[a-z]", text), f"{path} names a flag: name the setting, in backticks"


def test_what_needs_an_extra_names_the_command_that_installs_it() -> None:
    """Whatever the package misses at its import, and each command is of an extra that there is."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    told = 0
    for path in CORE.rglob("*.py"):
        source = path.read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ExceptHandler) and ast.unparse(node.type or ast.Constant(None)) == "ImportError":
                handler = ast.unparse(node)
                told += "UsageError" in handler
                assert "UsageError" not in handler or "pip install 'viceversa[" in handler, f"{path.name}: {handler}"
        assert set(re.findall(r"pip install 'viceversa\[(\w+)\]'", source)) <= extras.keys(), path.name
    assert told > 8
