"""From arguments to typed settings, by tyro; its boxes for a user's mistake become one line."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

import tyro

from viceversa.errors import UsageError

Settings = TypeVar("Settings")

WIDE = "2000"
"""Columns in which no message is wrapped."""


def parsed(kind: type[Settings], arguments: Sequence[str], command: str, description: str | None = None) -> Settings:
    """The arguments as an instance of a dataclass. Exits after --help. Raises UsageError with the place and the value."""
    asked_for_help = any(argument in ("-h", "--help") for argument in arguments)
    said = io.StringIO()
    try:
        if asked_for_help:
            return _parse(kind, arguments, command, description)
        with _columns(WIDE), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return _parse(kind, arguments, command, description)
    except SystemExit as stop:
        if not stop.code:
            sys.exit(0)
        raise UsageError(f"{_in_one_line(said.getvalue())} See viceversa {command} --help.") from None


def _parse(kind: type[Settings], arguments: Sequence[str], command: str, description: str | None) -> Settings:
    flags = (tyro.conf.FlagCreatePairsOff,)
    return tyro.cli(kind, args=arguments, prog=f"viceversa {command}", description=description, config=flags)


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
    """What a box of tyro's says: its first paragraph, the setting that was meant, pydantic's reason."""
    first, *others = [*_paragraphs(box), ["these arguments cannot be read"]]
    text = " ".join(map(str.strip, first))
    if first[0].startswith("Missing from"):
        text = "missing: " + ", ".join(line.strip() for line in first[1:] if len(line) - len(line.lstrip()) == 4)
    if refused := re.search(r"parsing \w+\.?(\S*): .* for \w+ (\S+) (.+?) \[type=.*?input_value=(.+?), input_type", text):
        place, name, reason, value = refused.groups()
        option = f"{place}.{name}" if place else name
        text = f"--{option} {value}: {reason.lower()}".replace("_", "-")
    meant = next((part[1].split()[0] for part in others if part[0] == "Perhaps you meant:"), None)
    return text.removesuffix(".") + "." + (f" Did you mean {meant}?" if meant else "")


def _paragraphs(box: str) -> list[list[str]]:
    """The lines between the rules of a box, without its title and its border, which may be a border of spaces."""
    paragraphs: list[list[str]] = [[]]
    for line in box.splitlines():
        if line.startswith("╭") or re.fullmatch(r"[\s│╰╯]*[-─]{3,}[\s│╰╯]*", line):
            paragraphs.append([])
        elif line.strip(" │"):
            paragraphs[-1].append(line.replace("│", " ")[2:].rstrip())
    return [lines for lines in paragraphs[1:] if lines]
