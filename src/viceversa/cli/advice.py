"""Advice for unknown arguments."""

from __future__ import annotations

from collections.abc import Sequence

from viceversa.cli.flags import in_flags
from viceversa.recipes.other_projects import suggestion

WORDS = ("true", "false", "yes", "no", "on", "off")


def advice(arguments: Sequence[str], wrong: str, known: Sequence[str]) -> str:
    """Return a sentence with the right option, or "" if none is similar. known: all options, with their dashes."""
    place = next((number for number, each in enumerate(arguments) if each == wrong or each.endswith(f"={wrong}")), 0)
    if wrong.lower() in WORDS:
        flag = arguments[place].partition("=")[0] if "=" in arguments[place] else arguments[max(place - 1, 0)]
        return f"{flag} takes no value: write {_positive(flag)} or {_negative(flag)}."
    if not wrong.startswith("-"):
        return ""
    option, _, value = wrong.partition("=")
    value = value or next(iter(arguments[place + 1 : place + 2]), "")
    return in_flags(suggestion(option.lstrip("-"), value, [_setting(each) for each in known]))


def _setting(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _positive(flag: str) -> str:
    before, dot, last = flag.removeprefix("--").rpartition(".")
    return f"--{before}{dot}{last.removeprefix('no-')}"


def _negative(flag: str) -> str:
    before, dot, last = _positive(flag).removeprefix("--").rpartition(".")
    return f"--{before}{dot}no-{last}"
