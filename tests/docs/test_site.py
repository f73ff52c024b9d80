"""The site builds strictly; every page can be reached, every link resolves, and no page asks another host for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import viceversa as vv
from viceversa.cli import COMMANDS
from viceversa.recipes import RECIPES

DOCS = Path(__file__).resolve().parents[2] / "docs"


class Page(HTMLParser):
    """What a page loads, the links of its reader, and the names that links to it may have."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src", "action", "srcset", "poster"):
                (self.links if tag == "a" else self.loaded).append(value or "")
            elif name == "id":
                self.names.add(value or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. Every warning ends the build."""
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", place / "trees", DOCS, place / "html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_page_can_be_reached_from_the_index(site: Path, pages: dict[Path, Page]) -> None:
    written = {site / path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    reached, new = set(), {site / "index.html"}
    while new:
        reached |= new
        new = {target(site, page, link) for page in new for link in pages[page].links if is_inside(link)} & pages.keys() - reached
    assert len(written) > 30 and written <= reached


def test_every_link_inside_the_site_resolves(site: Path, pages: dict[Path, Page]) -> None:
    followed = 0
    for page, content in pages.items():
        for link in filter(is_inside, [*content.links, *content.loaded]):
            path, name = target(site, page, link), unquote(urlsplit(link).fragment)
            assert path.exists(), f"{page.name}: {link}"
            assert not name or path not in pages or name in pages[path].names, f"{page.name}: {link}"
            followed += 1
    assert followed > 1000


def test_no_page_asks_another_host_for_anything(site: Path, pages: dict[Path, Page]) -> None:
    for page, content in pages.items():
        assert [link for link in content.loaded if not is_inside(link) and not link.startswith("data:")] == [], page.name
    for path in [*site.rglob("*.css"), *site.rglob("*.js")]:
        assert not re.search(r"(url\(|@import|fetch\(|src=)\s*[\"']?(https?:)?//", path.read_text("utf-8")), path.name


def test_the_reference_has_every_public_name_once(pages: dict[Path, Page]) -> None:
    documented = [name for page in pages.values() for name in page.names if name.startswith("viceversa.")]
    assert sorted(name for name in documented if name.count(".") == 1) == sorted(f"viceversa.{name}" for name in vv.__all__)


def test_signatures_and_fields_are_those_of_the_docstrings(site: Path) -> None:
    text = {name: plain(site / "reference" / f"{name}.html") for name in ("training", "style", "models", "building")}
    assert "viceversa.train(what, *, data=None," in text["training"]
    assert "until (int | None) -- stop at this step" in text["training"]
    assert re.search(r"steps \(int \| None\) -- length of the training, as one of both\. epochs \(int", text["training"])
    assert "The image at this view's departure: X_{i-1} along a chain" in text["building"]
    for name, field in vv.Stylize.model_fields.items():
        assert re.search(rf"\b{name} \(.*?\) \W* ?{re.escape(field.description or '?')}", text["style"]), name
    assert re.search(r"feather \(int\) \W+ width in pixels over which the region fades in", text["models"])


def test_commands_and_recipes_are_those_of_the_package(site: Path) -> None:
    commands, recipes = (plain(site / "reference" / f"{name}.html") for name in ("commands", "recipes"))
    assert all(f"usage: viceversa {name}" in commands for name in COMMANDS)
    assert all(f"{name}: {' '.join(entry.about.split()[:3])}" in recipes for name, entry in RECIPES.items())
    assert "arXiv 1711.09020" in recipes


def is_inside(link: str) -> bool:
    return not urlsplit(link).scheme and not urlsplit(link).netloc


def target(site: Path, page: Path, link: str) -> Path:
    """The file that a link names."""
    path = unquote(urlsplit(link).path)
    return (page.parent / path).resolve() if path else page


def plain(page: Path) -> str:
    """The text of a page in one line."""
    text = re.search(r"<article.*?</article>", page.read_text("utf-8"), re.S)
    assert text
    return " ".join(re.sub(r"<[^>]+>", "", text[0]).replace("&gt;", ">").replace("&#39;", "'").split())
