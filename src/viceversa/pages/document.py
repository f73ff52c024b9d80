"""HTML documents with a common style: the frame of a page, its sections, and escaped text."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib import resources

from viceversa.errors import printable

STYLE = resources.files("viceversa.pages").joinpath("style.css").read_text(encoding="utf-8")


def escaped(words: str) -> str:
    """Return text that a page shows literally: markup is escaped, and so are control characters and unpaired surrogates."""
    return escape(printable(words))


def section(title: str, content: str) -> str:
    """Return a section with its heading; empty if there is no content."""
    return f"<section>\n<h2>{title}</h2>\n{content}</section>\n" if content else ""


def pairs(terms: Mapping[str, str], name: str) -> str:
    """Return a list of terms and their descriptions with the CSS class `name`; empty if there are no terms."""
    items = "".join(f"<div><dt>{escaped(term)}</dt><dd>{escaped(said)}</dd></div>\n" for term, said in terms.items())
    return f'<dl class="{name}">\n{items}</dl>\n' if items else ""


def framed(page: str, height: int | None = None) -> str:
    """Return a report in an inline frame that runs no script. height: in lines of text; None leaves it to a style sheet."""
    style = f' style="width: 100%; height: {height}em; border: 0"' if height else ""
    return f'<iframe title="report" sandbox srcdoc="{escape(page)}"{style}></iframe>'


NOTEBOOK_LINES = 32
"""Height of a report in a notebook."""


def document(title: str, body: str, *, images: str = "data:", style: str = "", refresh: int | None = None) -> str:
    """Return a complete page that runs no script and loads nothing from the network.

    Args:
        title: text, not markup.
        body: markup.
        images: where images may come from, in the syntax of a Content-Security-Policy.
        style: CSS to add to that of all pages.
        refresh: seconds after which the browser reloads the page; None for never.
    """
    again = f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src {images}; style-src 'unsafe-inline'">
{again}<meta name="color-scheme" content="light dark">
<title>{escaped(title)}</title>
<style>
{STYLE}{style}</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""
