"""What a service takes on: sizes, times, batches and requests at a time."""

from __future__ import annotations

from dataclasses import dataclass, fields

from viceversa.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """Bounds of a service; what exceeds them is refused, and nothing grows without end.

    Args:
        requests: that are open at a time; further ones get the status 429.
        batch: most images that the networks get at once.
        wait: milliseconds that the first image of a batch waits for others.
        megabytes: of the body of a request, in MiB.
        megapixels: of an image, in millions of pixels.
        seconds: that a request may take, and a painting without a sign of progress.

    Raises UsageError for a number that is not positive.
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
        """Of the body of a request."""
        return int(self.megabytes * 2**20)

    @property
    def most_pixels(self) -> int:
        """Of an image."""
        return int(self.megapixels * 10**6)


DEFAULTS = Limits()
