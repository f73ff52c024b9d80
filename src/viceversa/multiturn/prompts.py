"""Instructions for edits in words: for edits of attributes, and for edits of images without labels (prompts.toml)."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from viceversa.errors import UsageError, quoted


@dataclass(frozen=True)
class Pair:
    """An edit and its inverse, in words."""

    do: str
    undo: str


@dataclass(frozen=True)
class Prompts:
    """Instructions for an editor.

    Args:
        hold: instruction of a turn that changes nothing.
        join: text between the instructions of several edits in one request.
        attributes: instructions by attribute and value; "*" stands for any other value, and {value} is replaced by the value.
        edits: edits of images without labels.
    """

    hold: str
    join: str
    attributes: Mapping[str, Mapping[str, str]]
    edits: tuple[Pair, ...]

    @property
    def digest(self) -> str:
        """Short digest that differs for different prompts."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    def change(self, source: Mapping[str, str], target: Mapping[str, str]) -> str:
        """Return the instruction that leads from one set of attributes to another; `hold` if they are equal.

        Raises:
            UsageError: If there is no instruction for a value.
        """
        changed = [self._for(name, value) for name, value in target.items() if source.get(name) != value]
        return self.join.join(changed) or self.hold

    def _for(self, name: str, value: str) -> str:
        known = self.attributes.get(name, {})
        instruction = known.get(value, known.get("*"))
        if instruction is None:
            raise UsageError(
                f"the prompts have no instruction for {name}={value}: add [attributes.{name}] with {quoted(value)} to them."
            )
        return instruction.replace("{value}", value)


def load_prompts(file: Path | None = None) -> Prompts:
    """Read prompts.toml; by default that of the package. Raises UsageError."""
    name = "the packaged prompts" if file is None else quoted(str(file))
    try:
        text = (resources.files("viceversa.multiturn") / "prompts.toml" if file is None else file).read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}.") from None
    return _checked(content, name)


def _checked(content: Mapping[str, Any], name: str) -> Prompts:
    """Return the prompts. Raises UsageError for unknown keys, and for values that are not texts."""
    if unknown := content.keys() - {"hold", "join", "attributes", "edits"}:
        raise UsageError(f"{name} has the key {quoted(min(unknown))}: it may have hold, join, [attributes.NAME] and [[edits]].")
    attributes, edits = content.get("attributes", {}), content.get("edits", [])
    texts = [content.get("hold", ""), content.get("join", " ")]
    try:
        texts += [text for values in attributes.values() for text in values.values()]
        texts += [edit[key] for edit in edits for key in ("do", "undo")]
        whole = all(isinstance(text, str) for text in texts)
    except (AttributeError, KeyError, TypeError):
        whole = False
    if not whole:
        raise UsageError(f"{name}: hold, join and every instruction must be a text, and every [[edits]] needs 'do' and 'undo'.")
    return Prompts(
        content.get("hold", "Return the image exactly as it is."),
        content.get("join", " "),
        attributes,
        tuple(Pair(edit["do"], edit["undo"]) for edit in edits),
    )
