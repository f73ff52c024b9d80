"""Write the packaged labels of the avatars' chains: `python -m viceversa.data.sets.write_chain_labels`.

Only for a new version of the data set: results with different chains cannot be compared.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from viceversa.core.space import Space
from viceversa.data.cache.packing import hash_of
from viceversa.data.sets.avatars import ATTRIBUTES, SPLITS, everyone, labels_of
from viceversa.data.sets.chain_labels import permuted

_SIZES = (32, 64, 128)


def _write(path: Path) -> None:
    """Draw and write what is packaged. The cache is used for the pixels."""
    labels = torch.from_numpy(labels_of(SPLITS["test"]))
    permutations, inverted = permuted(labels, Space({}, ATTRIBUTES), seed=0)
    hashes = {str(size): hash_of(everyone(size)[SPLITS["test"].start :]) for size in _SIZES}
    content = {
        "version": "avatars-v1",
        "test_pixels": hashes,
        "labels": _encode(labels),
        "inverted": _encode(inverted),
        "permutations": permutations.tolist(),
    }
    lines = (f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in content.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _encode(labels: Tensor) -> list[str]:
    """Encode avatar labels (N, 7) as five digits each: number of the hair color, glasses, beard, smile, and the tone in
    quarters."""
    digits = torch.cat([labels[:, :3].argmax(1, keepdim=True), labels[:, 3:6], labels[:, 6:] * 4], 1)
    return ["".join(str(digit) for digit in row) for row in digits.round().int().tolist()]


if __name__ == "__main__":
    _write(Path(__file__).with_name("avatars-chains-v1.json"))
