"""Directives for what the package says of itself: the help of each command, and the table of recipes."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
from pathlib import Path
from unittest import mock

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

import viceversa
from viceversa.cli import COMMANDS, main
from viceversa.recipes import TABLE

COLUMNS = "96"
METHODS = Path(viceversa.__file__).parent / "methods"


class Commands(Directive):
    """A section for each command, with its help as a terminal shows it."""

    def run(self) -> list[nodes.Node]:
        return [section(name, nodes.literal_block(text := help_of(name), text, language="text")) for name in COMMANDS]


class Recipes(Directive):
    """A section for each method: its paper, and a list of its recipes."""

    def run(self) -> list[nodes.Node]:
        sections = []
        for method in dict.fromkeys(entry.method for entry in TABLE):
            about, title, number = paper_of(method)
            link = nodes.reference("", title, refuri=f"https://arxiv.org/abs/{number}")
            named = [entry for entry in TABLE if entry.method == method]
            lines = [nodes.paragraph("", "", nodes.literal("", each.name), nodes.Text(f": {each.about}")) for each in named]
            items = nodes.bullet_list("", *(nodes.list_item("", line) for line in lines))
            sections.append(section(about, nodes.paragraph("", "", link, nodes.Text(f", arXiv {number}")), items))
        return sections


def section(title: str, *content: nodes.Node) -> nodes.section:
    """A section that links can name."""
    return nodes.section("", nodes.title("", title), *content, ids=[nodes.make_id(title)], names=[title])


def help_of(command: str) -> str:
    """What `viceversa COMMAND --help` prints."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with mock.patch.dict(os.environ, COLUMNS=COLUMNS), contextlib.redirect_stdout(terminal), contextlib.suppress(SystemExit):
        main([command, "--help"])
    terminal.seek(0)
    return terminal.read()


def paper_of(method: str) -> tuple[str, str, str]:
    """Name of a method, title of its paper, and the paper's number at arXiv, from the docstring of its file."""
    text = " ".join((ast.get_docstring(ast.parse((METHODS / f"{method}.py").read_text("utf-8"))) or "").split())
    title, number = re.search(r"title=\{(.*?)\},.*eprint=\{(.*?)\}", text).groups()
    return text.partition(":")[0], re.sub("[{}]", "", title), number


def setup(app: Sphinx) -> None:
    app.add_directive("commands", Commands)
    app.add_directive("recipes", Recipes)
