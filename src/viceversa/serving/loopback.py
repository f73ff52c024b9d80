"""The loopback interface, which only this machine can reach."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Host names of the loopback interface."""


def names_loopback(host: str) -> bool:
    """Return whether a request's header Host names the loopback interface. The name of another site may also resolve to it."""
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:
        return False
