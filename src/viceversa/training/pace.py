"""Length of a training in seconds instead of steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class Pace:
    """Length of a training in seconds instead of steps. The clock starts at the first call.

    The learning rate schedule follows the clock: after a fraction f of the seconds, `done` steps count as the fraction f of all
    steps. So the rate ends near 0 when the time is over, even if the speed changes. Such a training cannot be repeated bit for bit.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    _began: float | None = field(default=None, init=False)

    def steps(self, done: int) -> int:
        """Return the estimated length in steps: more than `done` while there is time, and `done` afterwards; 1 at least."""
        now = self.clock()
        if self._began is None:
            self._began = now
        share = (now - self._began) / self.seconds
        if share >= 1:
            return max(done, 1)
        return max(done + 1, math.ceil(done / share)) if share > 0 else done + 1
