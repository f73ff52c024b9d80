"""Parse arguments into typed settings with tyro. Its error boxes become messages of one line."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import tyro

from viceversa.cli.advice import advice
from viceversa.errors import UsageError

Parsed = TypeVar("Parsed")

SHORT = {f"--{name}": f"--training.{name}" for name in ("steps", "epochs", "batch", "seed")}
"""Options of a recipe that also have a short name because they are used often."""

WIDE, NARROW = "2000", "80"
"""Terminal widths: one at which no message is wrapped, and one at which the boxes of a help page are below each other."""


def parsed(
    kind: type[Parsed], arguments: Sequence[str], command: str, description: str | None = None, *, pairs: bool = False
) -> Parsed:
    """Parse the arguments into an instance of a dataclass. Exits after --help.

    Args:
        kind: dataclass whose fields are the options.
        command: name of the command, for messages.
        description: text above the options; by default the docstring of `kind`.
        pairs: whether a switch has two options, --x and --no-x. This is needed if some switches are on by default.

    Raises:
        UsageError: an argument is unknown or invalid. The message has its place and value.
    """
    parse = partial(_parse, kind, command=command, description=description, pairs=pairs)
    if any(argument in ("-h", "--help") for argument in arguments):
        return parse(arguments)
    settings, said = _quietly(parse, arguments)
    if settings is not None:
        return settings
    line = _in_one_line(said)
    if unrecognized := re.match(r"Unrecognized options: (\S+?)(?:, |\.?$)", line):
        _, shown = _quietly(parse, ["--help"], NARROW)
        told = advice(arguments, unrecognized[1], _options(shown))
        line = f"unrecognized {'option' if unrecognized[1].startswith('-') else 'argument'} {unrecognized[1]}. {told}".strip()
    raise UsageError(f"{line} See viceversa {command} --help.")


def _parse(kind: type[Parsed], arguments: Sequence[str], command: str, description: str | None, pairs: bool) -> Parsed:
    flags = () if pairs else (tyro.conf.FlagCreatePairsOff,)
    return tyro.cli(kind, args=arguments, prog=f"viceversa {command}", description=description, config=flags)


def _quietly(parse: Callable[[Sequence[str]], Parsed], arguments: Sequence[str], columns: str = WIDE) -> tuple[Parsed | None, str]:
    """Return the settings, or None if the arguments are invalid, and the printed text."""
    said = io.StringIO()
    try:
        with _columns(columns), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return parse(arguments), ""
    except SystemExit:
        return None, said.getvalue()


def _options(shown: str) -> list[str]:
    """Return all options on a help page, including short names."""
    lines = (re.match(r"[│ ] (?:-\w, )?(--[^\s,]+)(?:, (--\S+))?", line) for line in shown.splitlines())
    known = [option for line in lines if line for option in line.groups() if option]
    return known + [short for short, long in SHORT.items() if long in known]


def long_form(option: str) -> str:
    """Return the dotted name of an option that was given by its short name; other options stay as they are."""
    name, equals, value = option.partition("=")
    return SHORT.get(name, name) + equals + value


@contextlib.contextmanager
def _columns(width: str) -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = width
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _in_one_line(box: str) -> str:
    """Return the message in one of tyro's boxes: its first paragraph, or pydantic's reason."""
    first = [*_paragraphs(box), ["these arguments cannot be read"]][0]
    text = " ".join(map(str.strip, first))
    if first[0].startswith("Missing from"):
        text = "missing: " + ", ".join(line.strip() for line in first[1:] if len(line) - len(line.lstrip()) == 4)
    if refused := re.search(r"parsing \w+\.?(\S*): .* for \w+ (\S+) (.+?) \[type=.*?input_value=(.+?), input_type", text):
        place, name, reason, value = refused.groups()
        option = f"{place}.{name}" if place else name
        text = f"--{option} {value}: {reason.lower()}".replace("_", "-")
    if refused := re.search(r"parsing (--\S+): no type matching (\S+) could be instantiated from \['(.*?)'\]", text):
        option, kinds, value = refused.groups()
        text = f"{option} {value}: give {'a whole number' if 'INT' in kinds else 'a number' if 'FLOAT' in kinds else kinds}"
    return text.removesuffix(".") + "."


def _paragraphs(box: str) -> list[list[str]]:
    """Return the paragraphs of a box as lines, without title and border. The border may consist of spaces."""
    paragraphs: list[list[str]] = [[]]
    for line in box.splitlines():
        if line.startswith("╭") or re.fullmatch(r"[\s│╰╯]*[-─]{3,}[\s│╰╯]*", line):
            paragraphs.append([])
        elif line.strip(" │"):
            paragraphs[-1].append(line.replace("│", " ")[2:].rstrip())
    return [lines for lines in paragraphs[1:] if lines]
