"""From arguments to typed settings, by tyro; its boxes for a user's mistake become one line."""

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
"""Options of a recipe that have a short name too, because everyone needs them."""

WIDE, NARROW = "2000", "80"
"""Columns in which no message is wrapped; and in which the boxes of a help stand one below the other."""


def parsed(
    kind: type[Parsed], arguments: Sequence[str], command: str, description: str | None = None, *, pairs: bool = False
) -> Parsed:
    """The arguments as an instance of a dataclass. Exits after --help. Raises UsageError with the place and the value.

    pairs: whether what is on or off has two options, --x and --no-x, as where some of them are on by default.
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
    """The settings, or None where the arguments are not good; and what was said."""
    said = io.StringIO()
    try:
        with _columns(columns), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return parse(arguments), ""
    except SystemExit:
        return None, said.getvalue()


def _options(shown: str) -> list[str]:
    """All options of a help, with the short names of those that have one."""
    lines = (re.match(r"[│ ] (?:-\w, )?(--[^\s,]+)(?:, (--\S+))?", line) for line in shown.splitlines())
    known = [option for line in lines if line for option in line.groups() if option]
    return known + [short for short, long in SHORT.items() if long in known]


def long_form(option: str) -> str:
    """An option by its dotted name, where a short one was given."""
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
    """What a box of tyro's says: its first paragraph, or pydantic's reason."""
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
    """The lines between the rules of a box, without its title and its border, which may be a border of spaces."""
    paragraphs: list[list[str]] = [[]]
    for line in box.splitlines():
        if line.startswith("╭") or re.fullmatch(r"[\s│╰╯]*[-─]{3,}[\s│╰╯]*", line):
            paragraphs.append([])
        elif line.strip(" │"):
            paragraphs[-1].append(line.replace("│", " ")[2:].rstrip())
    return [lines for lines in paragraphs[1:] if lines]
