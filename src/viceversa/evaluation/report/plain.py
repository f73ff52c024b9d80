"""Plain text of fixed width, identical on terminals, in notebooks and in files."""

from __future__ import annotations

import io
from collections.abc import Callable

from rich.console import Console


def plain_text(write: Callable[[Console], None]) -> str:
    """Return what is printed to a console of 100 columns without colors; no line ends with spaces."""
    file = io.StringIO()
    plain = Console(
        file=file,
        width=100,
        color_system=None,
        force_jupyter=False,  # in a notebook it would write there, not into `file`
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    write(plain)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"
