"""Named random numbers: functions of (seed, step, name) and of nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from viceversa.core.draws import Draws

LIKE = torch.zeros(6, 3)
KINDS: dict[str, Callable[[Draws, str, Tensor], Tensor]] = {
    "normal": lambda draws, name, like: draws.normal(name, like, 4),
    "uniform": lambda draws, name, like: draws.uniform(name, like, 4),
    "order": lambda draws, name, like: draws.order(name, like),
    "choice": lambda draws, name, like: draws.choice(name, like),
}
every_kind = pytest.mark.parametrize("draw", KINDS.values(), ids=KINDS)


@every_kind
def test_the_same_key_gives_the_same_in_any_order_of_asking(draw: Callable[[Draws, str, Tensor], Tensor]) -> None:
    draws, other = Draws(1, 2), Draws(1, 2)
    first = draw(draws, "a", LIKE)
    other.normal("something else", LIKE)
    torch.rand(3)
    assert torch.equal(draw(other, "a", LIKE), first) and torch.equal(draw(draws, "a", LIKE), first)


def test_any_other_key_gives_others() -> None:
    draws = Draws(1, 2)
    part = draws.within("a")
    others = [Draws(2, 2), Draws(1, 3), Draws(12, 2), Draws(1, 22), part, draws.within("b"), part.within("b")]
    drawn = [draws.normal("x", LIKE), draws.normal("y", LIKE), *(other.normal("x", LIKE) for other in others)]
    assert len({tuple(values.tolist()) for values in drawn}) == len(drawn)
    assert torch.equal(draws.within("a").normal("x", LIKE), Draws(1, 2).within("a").normal("x", LIKE))
    assert torch.equal(draws.normal("x", LIKE), drawn[0]), "a part leaves the whole as it was"


@every_kind
def test_processes_draw_their_rows_of_the_whole(draw: Callable[[Draws, str, Tensor], Tensor]) -> None:
    whole = draw(Draws(1, 2), "a", LIKE)
    parts = [draw(Draws(1, 2, start=start, total=6), "a", LIKE[start:stop]) for start, stop in ((0, 2), (2, 5), (5, 6))]
    assert torch.equal(torch.cat(parts), whole)
    inside = [draw(Draws(1, 2, start=start, total=6).within("b"), "a", LIKE[:3]) for start in (0, 3)]
    assert torch.equal(torch.cat(inside), draw(Draws(1, 2).within("b"), "a", LIKE)), "parts keep their process's rows"


def test_what_is_drawn() -> None:
    draws, like = Draws(0, 0), torch.zeros(20000, dtype=torch.float64)
    normal, uniform = draws.normal("n", like), draws.uniform("u", like)
    assert normal.dtype == uniform.dtype == torch.float64
    assert abs(normal.mean()) < 4 / 20000**0.5 and abs(normal.var() - 1) < 4 * (2 / 20000) ** 0.5
    assert uniform.min() >= 0 and uniform.max() < 1 and abs(uniform.mean() - 0.5) < 4 * (1 / 12 / 20000) ** 0.5
    assert draws.normal("n", LIKE, 2, 3).shape == (6, 2, 3)
    assert draws.order("o", LIKE).sort().values.tolist() == list(range(6))
    chosen = [int(Draws(0, step).choice("c", LIKE).unique()) for step in range(60)]  # unique() of equal integers is one
    assert set(chosen) == set(range(6))
