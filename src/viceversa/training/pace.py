"""The length of a training that must end by the clock, whatever the machine does meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class Pace:
    """A training's length in seconds instead of steps. The clock starts at the first question.

    The schedule of learning rates follows the clock: after a share f of the seconds, `done` steps are taken for a share f of
    all steps. So the rate ends near 0 when the time is over, also where the machine became slower or faster on the way. Such a
    training cannot be repeated bit for bit.
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
