"""Published numbers say which code made them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "results"
CARD = ROOT / "src" / "viceversa" / "runs" / "pretrained" / "avatars" / "card.md"
SECTION = "## Which code made these numbers\n"
HASH = re.compile(r"`([0-9a-f]{7})`")
TABLE = re.compile(r"^\|.*\d.*\|$", re.MULTILINE)


def measured_tables(page: str) -> set[str]:
    """The headings, "" for none, below which a table of numbers stands."""
    parts = re.split(r"^#{2,3} (.*)\n", page.partition(SECTION)[0], flags=re.MULTILINE)
    return {heading for heading, text in zip(["", *parts[1::2]], parts[::2], strict=True) if TABLE.search(text)}


def provenance(page: str) -> tuple[str, list[list[str]]]:
    """The section, on one line, and the cells of its table's rows."""
    section = page.partition(SECTION)[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| ")]
    return " ".join(section.split()), rows[1:]


def known(commit: str) -> bool:
    """Whether the checkout has the commit."""
    return not subprocess.run(
        ["git", "cat-file", "-e", f"{commit}^{{commit}}"], cwd=ROOT, capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
def test_a_page_of_numbers_names_the_code_that_made_them(path: Path) -> None:
    """Every table of numbers; the commit of each of its rows; and whether later changes of the averages came after them."""
    page = path.read_text()
    tables = measured_tables(page)
    section, rows = provenance(page)
    assert tables and rows, "a page of results has tables, and says which code made them"
    assert all(heading in section for heading in tables)
    for what, commits, later in rows:
        assert HASH.search(commits), f"{what}: no commit"
        assert later.startswith(("unaffected", "**before**", "today's")), (
            f"{what}: before the later changes, or not affected by them?"
        )
    assert "`54e03f0`" in section and "affected" in section


@pytest.mark.skipif(not known("344378d"), reason="there is no history of commits here")
def test_the_commits_exist() -> None:
    places = [*sorted(PAGES.glob("*.md")), ROOT / "README.md", CARD]
    named = {commit for path in places for commit in HASH.findall(path.read_text())}
    assert len(named) > 20 and not [commit for commit in named if not known(commit)]


def test_numbers_that_a_later_change_affects_are_marked_where_they_stand() -> None:
    """STGAN's batch norm was averaged with statistics that were not its own; better cycles had ramps by epochs."""
    page = (PAGES / "methods.md").read_text()
    for name, count in (("stgan", 2), ("multicyclic-stgan", 2), ("better-cycles", 1)):
        assert page.count(f"| {name} (before) |") == count


def test_readme_and_the_packaged_model_say_it_too() -> None:
    """By its recipe every step updates the generator, so that the average was one of updates already."""
    card = CARD.read_text()
    readme = (ROOT / "README.md").read_text()
    for page in (card, readme):
        assert "`441b8e6`" in page and "unaffected" in page
