"""Docstrings as pages: arguments told in prose become a list, and a pydantic model shows the descriptions of its fields."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation


def listed(app: Sphinx, what: str, name: str, documented: Any, options: Any, lines: list[str]) -> None:
    """Give each argument that a paragraph tells, as in `out: the folder. seed: a number.`, a line of its own."""
    if what in ("property", "attribute"):
        lines[:1] = re.split(r"(?<=:) ", lines[0], maxsplit=1)  # or napoleon takes what is before a colon for a type
    if what not in ("class", "function", "method"):
        return
    if what == "class" and issubclass(documented, BaseModel):
        fields = documented.model_fields.items()
        lines += ["Args:", *(f"    {key} ({_kind(field.annotation)}): {field.description}" for key, field in fields), ""]
        return
    try:
        arguments = "|".join(map(re.escape, inspect.signature(documented).parameters)) or "$^"
    except ValueError:  # of a built-in function
        return
    begins = rf"(?:^|(?<=[.;] ))((?:{arguments})(?:(?:, | and | or )(?:{arguments}))*): "
    paragraphs = re.split(r"\n{2,}", "\n".join(lines))
    lines[:] = "\n\n".join(_in_lines(text, begins) for text in paragraphs).split("\n")


def _in_lines(paragraph: str, begins: str) -> str:
    """The paragraph, with a section of arguments if it tells any."""
    if re.match(r" |Args:|Returns:|Raises:", paragraph):
        return paragraph
    before, *told = re.split(begins, " ".join(paragraph.split("\n")))
    if not told:
        return paragraph
    after = re.search(r"(?:^| )Raises .*$", told[-1])
    if after:
        told[-1] = told[-1][: after.start()]
    pairs = zip(told[::2], told[1::2], strict=True)
    section = ["Args:", *(f"    {re.sub(' (?:or|and) ', ', ', names)}: {text.strip().rstrip(';')}" for names, text in pairs)]
    return "\n\n".join(filter(None, (before.strip(), "\n".join(section), after and after[0].strip())))


def _kind(annotation: Any) -> str:
    """A type without what it says to the command line."""
    return re.sub(r"Annotated\[(\w+), .*\)\]", r"\1", stringify_annotation(annotation, "smart").replace("~typing.", ""))


def setup(app: Sphinx) -> None:
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", listed, priority=400)  # before napoleon
