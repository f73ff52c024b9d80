"""Where images depart from and where targets lead, for each kind of space; and no other module asks which kind one is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from contracts.case import ALIKE, PHOTOS, SETS, UNALIKE
from viceversa.core.domains import Domain
from viceversa.core.routing import AmongLabels, AmongSets, BetweenSpaces, routing_of
from viceversa.core.space import Space
from viceversa.errors import UsageError

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "viceversa"
ASKS = re.compile(r"\bspace\.known\b|\b(if|not|and|or) (\w+\.)*space\.attributes(?!\s*(==|!=))\b")
BLOND = torch.tensor([[0.0, 1, 0, 0]])


def test_a_space_has_one_kind() -> None:
    kinds = {type(routing_of(space)) for space in (PHOTOS, SETS, ALIKE, UNALIKE)}
    assert kinds == {AmongLabels, AmongSets, BetweenSpaces}
    for space, kind in ((PHOTOS, "labels"), (ALIKE, "spaces"), (SETS, "sets")):
        assert routing_of(space).choose(labels="labels", spaces="spaces", sets="sets") == kind


def test_no_other_module_asks_which_kind_a_space_is() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "core"]
    asking = {
        str(path.relative_to(PACKAGE)): line.strip()
        for path in files
        for line in path.read_text().splitlines()
        if ASKS.search(line)
    }
    assert asking == {"data/selected_attributes.py": "if not dataset.space.attributes:"}, (
        "which refuses attributes of data that has none"
    )


@pytest.mark.parametrize(
    ("space", "source", "to", "start", "end"),
    [
        (PHOTOS, "", "glasses=yes", ("photos", [0, 1, 0, 0]), ("photos", [0, 1, 0, 1])),
        (PHOTOS, "hair=black", "glasses=yes", ("photos", [1, 0, 0, 0]), ("photos", [1, 0, 0, 1])),
        (ALIKE, "", "", ("summer", None), ("winter", None)),
        (ALIKE, "", "summer", ("winter", None), ("summer", None)),
        (ALIKE, "winter", "", ("winter", None), ("summer", None)),
    ],
)
def test_from_where_to_where(space: Space, source: str, to: str, start: tuple[str, object], end: tuple[str, object]) -> None:
    routing = routing_of(space)
    here = routing.start(BLOND, source, to)
    for domain, (name, label) in ((here, start), (routing.target(here, to), end)):
        assert domain.space == name and (None if domain.label is None else domain.label[0].tolist()) == label
    assert routing.departure(source, to) == here.space


def test_half_of_an_edit() -> None:
    there = routing_of(PHOTOS).target(Domain("photos", BLOND), "hair=brown,glasses=yes", 0.5)
    assert there.label is not None and there.label.tolist() == [[0, 0.5, 0.5, 0.5]]


def test_a_target_among_sets_says_whose_attributes_it_means() -> None:
    routing = routing_of(SETS)
    assert routing.departure() == "drawings" and list(routing.sets) == ["drawings", "photos"]
    there = routing.target(routing.start(torch.zeros(1, 6)), "mood=glad")
    assert there.space == "drawings"
    for use in (lambda: routing.ends, lambda: routing.target(there, "hair=blond,mood=glad")):
        with pytest.raises(UsageError):
            use()


def test_what_is_asked_of_an_image() -> None:
    assert (routing_of(PHOTOS).unnamed("glasses=no"), routing_of(ALIKE).unnamed(""), routing_of(SETS).unnamed("")) == (
        ["hair"],
        [],
        [],
    )
    assert [routing_of(space).described for space in (PHOTOS, ALIKE, SETS)] == [True, False, False]
    asked = routing_of(ALIKE).question
    assert asked is not None and asked.attributes[0].values == ("summer", "winter")
    assert routing_of(PHOTOS).question is PHOTOS and routing_of(UNALIKE).question is routing_of(SETS).question is None


def test_a_method_of_one_way_refuses_the_way_back() -> None:
    routing = routing_of(ALIKE, returns=False)
    assert routing.target(Domain("summer"), "").space == "winter"
    with pytest.raises(UsageError, match="from 'summer' to 'winter' only"):
        routing.target(Domain("winter"), "summer")


def test_examples_are_understood() -> None:
    for space in (PHOTOS, ALIKE, SETS):
        routing = routing_of(space)
        here = routing.start(torch.zeros(1, space.label_width), routing.example_source)
        assert routing.target(here, routing.example_target).space in space.images
