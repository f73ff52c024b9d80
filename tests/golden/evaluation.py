"""The rows of `viceversa evaluate avatars --samples 50`, to the last bit, on the machine of the record.

python -m golden.evaluation            (in tests/) compares them with the record; some minutes the first time
python -m golden.evaluation --write    after a change that is meant to change results
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import torch

import viceversa as vv
from golden.record import machine
from viceversa.metrics.rows import Row

RECORD = Path(__file__).with_name("evaluation.json")
LATER = ("known", "success_rate")
"""Columns that rows have had since the record was written; None in all of its rows."""


def rows() -> dict[str, str]:
    """The hash of each row by its model, direction, cycles and chain."""
    report = vv.evaluate("avatars", samples=50)
    return {
        f"{row.model} {row.direction} {row.cycles} {row.chain}": hashlib.sha256(repr(_recorded(row)).encode()).hexdigest()
        for row in report.rows
    }


def _recorded(row: Row) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if name not in LATER or value is not None}


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {"machine": machine(), "rows": rows()}
    if "--write" in sys.argv:
        RECORD.write_text(json.dumps(found, indent=1) + "\n")
    expected = json.loads(RECORD.read_text())
    differing = [name for name, value in found["rows"].items() if expected["rows"].get(name) != value]
    print(f"{len(found['rows']) - len(differing)} of {len(found['rows'])} rows are as recorded on {expected['machine']}")
    sys.exit(1 if differing or found["rows"].keys() != expected["rows"].keys() else 0)
