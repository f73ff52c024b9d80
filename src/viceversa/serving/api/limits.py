"""Limits of a service: sizes, times, batches and open requests."""

from __future__ import annotations

from dataclasses import dataclass, fields

from viceversa.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """Limits of a service. Requests that exceed them are refused, so that no queue grows without bound.

    Args:
        requests: maximum number of open requests; further ones get the status 429.
        batch: maximum number of images that the networks process at once.
        wait: milliseconds that the first image of a batch waits for others.
        megabytes: maximum size of a request's body in MiB.
        megapixels: maximum size of an image in millions of pixels.
        seconds: maximum time for a request, and for a painting without progress.

    Raises:
        UsageError: If a number is not positive.
    """

    requests: int = 64
    batch: int = 16
    wait: float = 5.0
    megabytes: float = 32.0
    megapixels: float = 25.0
    seconds: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 or (field.name == "wait" and value == 0)) or value == float("inf"):
                raise UsageError(f"`{field.name}={value}`: give a number above 0.")

    @property
    def most_bytes(self) -> int:
        """Maximum size of a request's body in bytes."""
        return int(self.megabytes * 2**20)

    @property
    def most_pixels(self) -> int:
        """Maximum size of an image in pixels."""
        return int(self.megapixels * 10**6)


DEFAULTS = Limits()
