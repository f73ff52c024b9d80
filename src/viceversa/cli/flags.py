"""Messages of the library on the command line: names of Python arguments become flags."""

from __future__ import annotations

import ast
import re
import shlex

_OTHERWISE = {"source": "from", "most_pixels": "max-pixels"}
"""Python arguments whose flags have other names."""

_SETTING = re.compile(r"`([a-z]\w*(?:\.\w+)*)(?:=([^`]*))?`")


def in_flags(text: str) -> str:
    """Return a message of the library (see UsageError) with flags in place of arguments: `full_size` -> --full-size,
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
    """Return the value of a Python literal, or the text itself if it is none."""
    try:
        return None if value is None else ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
