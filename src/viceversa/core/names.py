"""Names of files, spaces, attributes and values, and when two of them are the same."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """Return the text in Unicode's composed form (NFC), in which equal-looking names are equal."""
    return unicodedata.normalize("NFC", text)
