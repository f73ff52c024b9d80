"""Messages of the library on the command line: it names settings as Python's arguments, here they become flags."""

from __future__ import annotations

import ast
import re
import shlex

_OTHERWISE = {"source": "from", "most_pixels": "max-pixels"}
"""Arguments whose flags have other names."""

_SETTING = re.compile(r"`([a-z]\w*(?:\.\w+)*)(?:=([^`]*))?`")


def in_flags(text: str) -> str:
    """A message of the library (see UsageError) with its settings as flags: `full_size` -> --full-size,
    `to='hair=black'` -> --to hair=black, `resume=True` -> --resume."""
    return _SETTING.sub(_flag, text)


def _flag(found: re.Match[str]) -> str:
    name, value = found[1], found[2]
    flag = f"--{_OTHERWISE.get(name, name).replace('_', '-')}"
    match _read(value):
        case None | True:
            return flag
        case list() | tuple() as several:
            return shlex.join([flag, *map(str, several)])
        case one:
            return shlex.join([flag, str(one)])


def _read(value: str | None) -> object:
    """What Python's notation of a value says; the notation itself where it is none."""
    try:
        return None if value is None else ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
