"""The page of methods has the stored results, and says which part of other code ran."""

from __future__ import annotations

import json

import pytest

from experiments.common import DOCS, filled, read_json
from experiments.methods import page
from experiments.methods.entries import ENTRIES, training_of
from viceversa.recipes import recipe_named
from viceversa.training.run import updated


def test_the_page_of_methods_has_the_results() -> None:
    text, known = page.PAGE.read_text(), read_json(page.SUMMARY)
    assert filled(text, page.tables()) == text, "run python -m experiments.methods page"
    assert known == json.loads(json.dumps(page.summary()))
    assert all(found["met"] is not False for found in known.values())


def test_words_of_other_code_name_the_part_that_ran() -> None:
    """Networks, losses or the step; nobody is told that "the official code" agrees."""
    for name, found in read_json(page.SUMMARY).items():
        proof = found["parity"].removeprefix("without the chain: ")
        assert proof.startswith("by hand in tests/") or ("networks" in proof and "stated again" in proof), name
    for path in sorted(DOCS.rglob("*.md")):
        words = " ".join(path.read_text().split()).lower()
        for loose in ("official code agrees", "against the official code", "official code, largest"):
            assert loose not in words, f"{path.name}: say which part ran"
    text = page.PAGE.read_text()
    assert "The official training step ran for none" in " ".join(text.split()) and text.count("relgan † |") == 4


@pytest.mark.parametrize("name", ENTRIES)
def test_entries_are_recipes_with_settings(name: str) -> None:
    recipe = updated(recipe_named(ENTRIES[name].recipe), training_of(name)["settings"])
    assert recipe.training.steps in (2000, 4000, 8000) and recipe.training.batch in (8, 16)
    assert (len(recipe.multicycle.extra) == 3) == name.startswith("multicyclic")
