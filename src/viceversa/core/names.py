"""Equality of names of files, spaces, attributes and values, which Unicode can spell in two ways."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """Return the text in Unicode's composed form (NFC), in which equal-looking names are equal."""
    return unicodedata.normalize("NFC", text)
