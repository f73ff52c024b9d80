"""Some attributes of an embedded data set."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError


def test_some_attributes_in_the_order_named() -> None:
    whole, some = open_dataset("avatars", 32), open_dataset("avatars", 32, attributes=("glasses", "hair"))
    assert some.name == "avatars-32-v1-glasses-hair"
    assert [attribute.name for attribute in some.space.attributes] == ["glasses", "hair"]
    told, all_told = (data.splits["test"]["avatars"].labels for data in (some, whole))
    assert told is not None and all_told is not None
    assert torch.equal(told, all_told[:, [3, 0, 1, 2]])


def test_a_true_edit_leaves_the_others_as_they_are() -> None:
    whole, some = open_dataset("avatars", 32), open_dataset("avatars", 32, attributes=("hair",))
    labels = whole.splits["test"]["avatars"].labels
    assert labels is not None and whole.truth is not None and some.truth is not None
    numbers = np.array([2, 5, 7])
    wanted = labels[numbers].clone()
    wanted[:, :3] = torch.eye(3)
    true = whole.truth("test", "avatars", numbers, "avatars", wanted)
    assert (some.truth("test", "avatars", numbers, "avatars", torch.eye(3)) == true).all()


def test_unknown_attributes() -> None:
    with pytest.raises(UsageError, match="'beart'"):
        open_dataset("avatars", 32, attributes=("beart",))
    with pytest.raises(UsageError, match=r"no attributes: leave out `attributes` \(you gave hair\)"):
        open_dataset("avatars:glasses", 32, attributes=("hair",))
