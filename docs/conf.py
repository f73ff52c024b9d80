"""The site: the pages of this folder, and a reference from docstrings. `sphinx-build -W docs site` builds it, without a network."""

import re
import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

import viceversa

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS / "_extensions"))

project, author, release = "Viceversa", "the contributors of Viceversa", viceversa.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings", "package_pages"]
html_theme, html_title, html_show_copyright, html_copy_source = "furo", f"Viceversa {release}", False, False
myst_heading_anchors = 4
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
smartquotes = False
default_role = "literal"  # docstrings have single backticks around code
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "start.md",
    "SECURITY.md": "security.md",
}
"""Files of the repository that are pages of the site."""


def with_links(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn links to files outside of this folder into links to their page, or to a copy; a link to a folder into its text."""
    here = (DOCS / page).parent

    def link(found: re.Match[str]) -> str:
        text, target = found.groups()
        file = (here / target).resolve()
        if file.is_relative_to(DOCS):
            return found[0]
        if (own := PAGES.get(file.name)) and file.parent == DOCS.parent:
            return f"[{text}]({'../' * page.count('/')}{own})"
        return text if file.is_dir() else f"[{text}](<path:{target}>)"

    source[0] = re.sub(r"\[([^\]]*)\]\((\.\./[^)#]*)\)", link, source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", with_links)
    app.add_lexer("csv", TextLexer)  # Pygments has none
