"""The comparison with the references: what is judged the same, the aims, and the table of the page."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.versus.__main__ import PAGE, Versus, in_words, judged
from benchmarks.versus.comparing import Agreement, differences, same
from experiments.common import read_json


def agreement(difference: float, rounding: float) -> Any:
    """Ours differs by this much from a reference whose gradients in fp32 are `rounding` away from those in float64."""

    def compared(dtype: torch.dtype) -> Agreement:
        of_reference = torch.ones(4).double() * (1 if dtype == torch.float64 else 1 + rounding)
        found = {"translations": 1e-6, "gradients of the generator": 1e-9 if dtype == torch.float64 else difference}
        return Agreement(found, {"generator": of_reference})

    return compared


def test_gradients_may_differ_by_twice_the_reference_s_own_rounding() -> None:
    found = differences(agreement(1.9e-3, 1e-3))
    assert same(found) and found["translations"]["allowed_in_fp32"] == 1e-4
    assert not same(differences(agreement(2.1e-3, 1e-3)))
    assert same(differences(agreement(9e-5, 0))) and not same(differences(agreement(1.1e-4, 0)))


def test_speeds_have_a_least_and_chains_a_greatest_value() -> None:
    ratios = {name: {"median": 1.05} for name in ("fp32, batch 8, n_critic 1", "exact", "CycleGAN, bf16", "translation, fp32")}
    goals = {goal["name"]: goal["met"] for goal in judged(ratios, {"StarGAN, theirs": 10, "StarGAN, fp32": 10})}
    assert goals == {
        "speed, fp32, batch 8, n_critic 1": False, "speed, CycleGAN, bf16": False, "time of exact in bf16 by their base": False,
        "peak memory of StarGAN in fp32 by theirs": True,
    }  # fmt: skip


def test_the_page_has_the_stored_figures() -> None:
    figures = read_json(Versus().out)
    assert in_words(figures) in PAGE.read_text() and {"StarGAN", "CycleGAN"} <= figures["differences"].keys()
    assert list(judged(figures["ratios"], figures["peak_mebibytes"])) == figures["goals"]
