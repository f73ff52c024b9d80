"""The loopback interface, which only this machine can reach."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of its hosts."""


def names_loopback(host: str) -> bool:
    """Whether a request's header Host names the loopback interface. A page of another site may have its own name point to it."""
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:
        return False
