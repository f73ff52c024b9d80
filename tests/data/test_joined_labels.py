"""Several labeled sets as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from viceversa.core.attributes import OneOf
from viceversa.data.dataset import Dataset
from viceversa.data.joined_labels import together
from viceversa.data.sets.avatars import avatars
from viceversa.data.sets.toons import MOOD, toons
from viceversa.errors import UsageError

pytestmark = pytest.mark.usefixtures("few")


def opened() -> dict[str, Dataset]:
    return {"faces": avatars(32), "toons": toons(32)}


def test_labels_have_all_columns_and_zeros_for_what_a_set_does_not_tell() -> None:
    dataset = together(opened(), ("hair", "glasses", "mood"))
    assert dataset.name == "faces-avatars-32-v1+toons-toons-32-v1-hair-glasses-mood"
    assert [attribute.name for attribute in dataset.space.attributes] == ["hair", "glasses", "mood"]
    assert dataset.space.known == {"faces": ("hair", "glasses"), "toons": ("mood",)}
    faces, moods = (dataset.splits["test"][name] for name in ("faces", "toons"))
    own_faces, own_moods = (data.splits["test"][name].labels for data, name in ((avatars(32), "avatars"), (toons(32), "toons")))
    assert faces.labels is not None and moods.labels is not None and own_faces is not None and own_moods is not None
    assert torch.equal(faces.labels, torch.cat([own_faces[:, :4], torch.zeros(len(faces), 3)], 1))
    assert torch.equal(moods.labels, torch.cat([torch.zeros(len(moods), 4), own_moods], 1))


def test_all_attributes_where_none_is_named() -> None:
    names = [attribute.name for attribute in together(opened()).space.attributes]
    assert names == ["hair", "glasses", "beard", "smile", "tone", "mood"]


def test_an_attribute_of_two_sets_is_one_if_it_is_the_same() -> None:
    twice = together({"one": toons(32), "other": toons(32)})
    assert twice.space.attributes == (MOOD,) and twice.space.known == {"one": ("mood",), "other": ("mood",)}
    dataset = toons(32)
    others = replace(dataset, space=replace(dataset.space, attributes=(OneOf("mood", ("x", "y", "z")),)))
    with pytest.raises(UsageError, match="'mood' of the data set 'other' has other values"):
        together({"one": dataset, "other": others})


def test_what_cannot_be_joined() -> None:
    with pytest.raises(UsageError, match="has the attribute 'hat'"):
        together(opened(), ("mood", "hat"))
    with pytest.raises(UsageError, match="the data set 'toons' has none of the attributes hair"):
        together(opened(), ("hair",))
