"""The report of an evaluation: flat rows, a table, and a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One model in one direction after so many cycles through one kind of chain; None where undefined."""

    model: str
    direction: str
    cycles: int
    chain: str
    samples: int
    label_accuracy: float | None
    label_accuracy_bits: float | None
    accuracy_by_attribute: Mapping[str, float | None]
    changed_accuracy: float | None
    kept_accuracy: float | None
    frechet: float | None
    kernel: float | None
    kernel_std: float | None
    perceptual_to_source: float | None
    l1_to_source: float | None
    psnr_to_truth: float | None
    ssim_to_truth: float | None
