"""Our training steps beside those of the references: the same numbers first, then time and memory.

python -m benchmarks.versus --stargan DIR     DIR: a checkout of github.com/yunjey/stargan; about 40 minutes on two idle cores
python -m benchmarks.versus --cyclegan DIR    of github.com/junyanz/pytorch-CycleGAN-and-pix2pix; about 10 minutes
python -m benchmarks.versus --stargan DIR --parts forms memory     a part of it
python -m benchmarks.versus                   writes the table in docs/speed.md again

First both get the same weights, images, permutation and shares of the gradient penalty: outputs, losses, gradients, and the
weights after a step of SGD must agree. Then the reference's own training step and our trainer take turns, and the ratio of their
times is that of neighbors in time. Peak memory is measured in processes of their own. Stored figures: results/versus-cpu.json.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from benchmarks.common import RESULTS, Figures, apart, machine, start
from benchmarks.versus import cyclegan, stargan
from benchmarks.versus.comparing import Agreement, differences, same
from experiments.common import ROOT, filled, read_json, table, write_json
from viceversa.device import device_named, peak_memory

Part = Literal["steps", "forms", "translation", "memory"]
Found = tuple[str, str, Any]
"""Group, name and value of a figure."""
PAGE = ROOT / "docs" / "speed.md"
SIDES = ("theirs", "fp32", "bf16")


@dataclass(frozen=True)
class Versus:
    """Compare with the references, and time them."""

    stargan: Path | None = None
    """checkout of github.com/yunjey/stargan"""
    cyclegan: Path | None = None
    """checkout of github.com/junyanz/pytorch-CycleGAN-and-pix2pix"""
    batches: tuple[int, ...] = (8, 16)
    """batch sizes of StarGAN's steps; the rest is measured with the first one"""
    rounds: int = 4
    """turns of each side"""
    parts: tuple[Part, ...] = get_args(Part)
    """what to measure; the rest of the stored figures stays"""
    out: Path = RESULTS / "versus-cpu.json"


@dataclass(frozen=True)
class Memory:
    """Peak memory of two updates, in a process of its own. side: theirs, fp32 or bf16. batch: None for CycleGAN."""

    checkout: str
    side: str
    batch: int | None


def main(asked: Versus) -> None:
    """Compare, then measure part by part; figures are stored as soon as they are there."""
    if asked.stargan:
        _measured(asked, "StarGAN", partial(stargan.agreement, asked.stargan), _of_stargan(asked, asked.stargan))
    if asked.cyclegan:
        _measured(asked, "CycleGAN", partial(cyclegan.agreement, asked.cyclegan), _of_cyclegan(asked, asked.cyclegan))
    figures = read_json(asked.out)
    PAGE.write_text(filled(PAGE.read_text(), {"versus": in_words(figures)}))
    for goal in figures["goals"]:
        print(f"{goal['name']:<60} {goal['value']:>7.2f}  aim {goal['aim']:.2f}  {'met' if goal['met'] else 'missed'}")


def _measured(asked: Versus, method: str, agreement: Callable[[torch.dtype], Agreement], parts: Iterator[Found]) -> None:
    """Compare, and time if the two compute the same."""
    where = machine()
    print(f"{method}; {where}")
    compared = differences(agreement)
    for name, each in compared.items():
        print(f"{name:<45} float64 {each['float64']:.0e}, fp32 {each['fp32']:.0e} of {each['allowed_in_fp32']:.0e} allowed")
    if not same(compared):
        sys.exit("the two do not compute the same: nothing is timed")
    stored: Figures = read_json(asked.out) if asked.out.exists() else {}
    if stored.get("machine") != where:
        stored = {"machine": where, "differences": {}, "ratios": {}, "peak_mebibytes": {}}
    stored["differences"][method] = compared
    for group, name, found in parts:
        stored[group][name] = found
        stored["goals"] = list(judged(stored["ratios"], stored["peak_mebibytes"]))
        write_json(asked.out, stored)


def _of_stargan(asked: Versus, checkout: Path) -> Iterator[Found]:
    batch = asked.batches[0]
    ratios: dict[Part, Iterator[tuple[str, Figures]]] = {
        "steps": stargan.step_times(checkout, asked.batches, asked.rounds),
        "forms": stargan.form_times(checkout, batch, asked.rounds),
        "translation": stargan.translation_times(checkout, batch, asked.rounds),
    }
    return _found(asked, ratios, _peaks(checkout, "StarGAN", batch))


def _of_cyclegan(asked: Versus, checkout: Path) -> Iterator[Found]:
    ratios: dict[Part, Iterator[tuple[str, Figures]]] = {
        "steps": cyclegan.step_times(checkout, asked.rounds), "translation": cyclegan.translation_times(checkout, asked.rounds)
    }  # fmt: skip
    return _found(asked, ratios, _peaks(checkout, "CycleGAN", None))


def _found(asked: Versus, ratios: dict[Part, Iterator[tuple[str, Figures]]], peaks: Iterator[tuple[str, int]]) -> Iterator[Found]:
    """Measure the parts that are asked for, one after the other."""
    for part, measured in ratios.items():
        if part in asked.parts:
            for name, figures in measured:
                yield "ratios", name, figures
    if "memory" in asked.parts:
        for name, mebibytes in peaks:
            yield "peak_mebibytes", name, mebibytes


def _peaks(checkout: Path, method: str, batch: int | None) -> Iterator[tuple[str, int]]:
    for side in SIDES:
        found = apart("benchmarks.versus", Memory(str(checkout.absolute()), side, batch))
        print(f"peak memory of {method}, {side}: {found['mebibytes']:.0f} MiB", flush=True)
        yield f"{method}, {side}", round(found["mebibytes"])


def peak(case: Memory) -> dict[str, float]:
    """Peak memory of two updates, in MiB."""
    checkout = Path(case.checkout)
    if case.batch is None:
        cyclegan.two_updates(checkout, case.side)
    else:
        stargan.two_updates(checkout, case.side, case.batch)
    return {"mebibytes": peak_memory(device_named()) / 2**20}


AIMS = {"fp32, n_critic 1": 1.1, "fp32, n_critic 5": 1.1, "bf16, n_critic 1": 2.0, "bf16, n_critic 5": 1.8}
SPEEDS = {f"{form.split(',')[0]}, batch {batch},{form.split(',')[1]}": aim for batch in (8, 16) for form, aim in AIMS.items()}
SPEEDS |= {"CycleGAN, fp32": 1.1, "CycleGAN, bf16": 2.0}
"""Least ratio of their time in fp32 to ours on two cores. CycleGAN has one discriminator step an update."""
FORMS = {"exact": 1.0, "stochastic": 0.9, "on-policy, cheap": 0.8}
"""Greatest ratio of our time with the multicyclic loss in bf16 to their time without it in fp32."""


def judged(ratios: Figures, peaks: Figures) -> Iterator[dict[str, Any]]:
    """The aims of two cores, and whether they are met."""
    for name, aim in SPEEDS.items():
        if name in ratios:
            yield _goal(f"speed, {name}", ratios[name]["median"], aim)
    for form, aim in FORMS.items():
        if form in ratios:
            yield _goal(f"time of {form} in bf16 by their base", ratios[form]["median"], aim, least=False)
    for method in ("StarGAN", "CycleGAN"):
        if {f"{method}, fp32", f"{method}, theirs"} <= peaks.keys():
            share = peaks[f"{method}, fp32"] / peaks[f"{method}, theirs"]
            yield _goal(f"peak memory of {method} in fp32 by theirs", share, 1.0, least=False)


def _goal(name: str, value: float, aim: float, *, least: bool = True) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "aim": aim, "met": value >= aim if least else value <= aim}


def in_words(figures: Figures) -> str:
    """The table in docs/speed.md."""
    rows = []
    for name, found in figures["ratios"].items():
        ratio = f"{found['median']:.2f} ({found['least']:.2f} to {found['greatest']:.2f})"
        form = name in stargan.FORMS
        theirs, ours = (found["seconds_of_other"], found["seconds"]) if form else (found["seconds"], found["seconds_of_other"])
        aim = FORMS.get(name) or SPEEDS.get(name)
        aimed = f"{'at most' if form else 'at least'} {aim:.2f}" if aim else "none"
        rows.append([_described(name), ratio, aimed, f"{theirs:.2f} s", f"{ours:.2f} s", str(found["rounds"])])
    peaks = [
        f"{method}: {figures['peak_mebibytes'][f'{method}, theirs']:,} MiB (theirs), "
        + ", ".join(f"{figures['peak_mebibytes'][f'{method}, {side}']:,} ({side})" for side in SIDES[1:])
        for method in ("StarGAN", "CycleGAN")
        if f"{method}, theirs" in figures["peak_mebibytes"]
    ]
    head = ("step", "ratio", "aim", "theirs, fp32", "ours", "rounds")
    return f"{table(head, rows)}\n\nPeak memory of two updates. {'. '.join(peaks)}.\n\nMeasured on: {figures['machine']}."


def _described(name: str) -> str:
    if name in stargan.FORMS:
        return f"StarGAN, bf16, batch 8, n_critic 5, with the multicyclic loss ({name}): **our time by theirs without it**"
    said = name.replace("translation, fp32", "translation of a batch, fp32")
    return f"{said if said.startswith('CycleGAN') else f'StarGAN, {said}'}: their time by ours"


if __name__ == "__main__":
    start(main, Versus, peak, Memory)
