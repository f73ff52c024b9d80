"""The report: a table, a file of numbers, and a page."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.evaluation.differences import Difference
from viceversa.evaluation.report.contents import CaptionedImage, Report, Strip
from viceversa.evaluation.report.curves import curves
from viceversa.metrics.rows import Row

DASH = "\N{EN DASH}"
PIXELS = np.random.default_rng(0).integers(256, size=(4, 32, 32, 3), dtype=np.uint8)
EMPTY = Row("base", "inv", 0, "8bit", 20, None, None, {}, None, None, None, None, None, None, None, None, None)


def _row(model: str, direction: str, cycles: int, chain: str, **values: object) -> Row:
    """Label accuracy .9, .8 ... by cycles, and a kernel distance of .0123; the changed accuracy undefined for rec_0."""
    measured = dataclasses.replace(
        EMPTY,
        label_accuracy=0.9 - cycles / 10,
        changed_accuracy=None if direction == "rec" and not cycles else 0.5 + cycles / 10,
        accuracy_by_attribute={"glasses": 0.75, "beard": None},
        kernel=0.0123,
        kernel_std=0.0004,
        perceptual_to_source=0.25,
        psnr_to_truth=21.04,
    )
    return dataclasses.replace(measured, model=model, direction=direction, cycles=cycles, chain=chain, **values)


def _rows(models: Sequence[str] = ("base", "multicyclic")) -> list[Row]:
    places = [(direction, cycles, chain) for chain in ("8bit", "float") for cycles in range(3) for direction in ("inv", "rec")]
    rows = [_row(model, *place) for model in models for place in places]
    return rows + [_row(bound, *place, label_accuracy=0.125) for bound in ("floor", "ceiling") for place in places]


def _report(**changes: object) -> Report:
    pictures = (
        [CaptionedImage(PIXELS[0]), CaptionedImage(PIXELS[1], ("PSNR 21.3", "wrong: hair"))],
        [None, CaptionedImage(PIXELS[2])],
    )
    strip = Strip(
        "worst: 00417", {"shows": "hair=blond"}, ("k = 0", "k = 1"), [("base, inv", pictures[0]), ("base, rec", pictures[1])]
    )
    report = Report("runs/a on avatars", "lite0@128", "avatars-32-v1", True, _rows(), {"labeller": "98.5 %"}, "Fine.", [strip])
    return dataclasses.replace(report, **changes)


class _Page(HTMLParser):
    """A page's text, what it refers to, and its tables' rows. Fails where elements are not closed in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.lines: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.references += [value or "" for name, value in attributes if name in ("src", "href", "xlink:href", "srcset", "data")]
        if tag not in ("meta", "img"):
            self.open.append(tag)
        if tag == "tr":
            self.lines.append([])
        if tag in ("td", "th"):
            self.lines[-1].append("")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in ("meta", "img"):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)
        if "td" in self.open or "th" in self.open:
            self.lines[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def _saved(report: Report, directory: Path) -> tuple[dict, str]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    report.save(directory)
    assert sorted(path.name for path in directory.iterdir()) == ["metrics.json", "report.html"]
    metrics = json.loads((directory / "metrics.json").read_text("utf-8"), parse_constant=refuse)
    return metrics, (directory / "report.html").read_text("utf-8")


def test_metrics_are_the_rows(tmp_path: Path) -> None:
    report = _report()
    metrics, _ = _saved(report, tmp_path / "new" / "folder")
    assert list(metrics) == ["format", "extractor", "dataset", "comparable", "rows", "differences", "groups", "verdict"]
    assert (metrics["extractor"], metrics["dataset"], metrics["comparable"]) == ("lite0@128", "avatars-32-v1", True)
    assert [Row(**row) for row in metrics["rows"]] == report.rows
    assert set(metrics["rows"][0]) == {field.name for field in dataclasses.fields(Row)}


def test_what_a_labeller_reads_that_is_often_wrong_is_not_shown(tmp_path: Path) -> None:
    """It is in metrics.json, which says so; a good one's is shown."""
    changed = Difference("multicyclic", "base", "inv", 0, "changed_accuracy", 0.5, 0.4, 0.6)
    for accuracy, trusted in ((0.899, False), (0.9, True), (None, True)):
        report = _report(labeller=accuracy, differences=[changed])
        metrics, text = _saved(report, tmp_path / str(accuracy))
        assert [Row(**row) for row in metrics["rows"]] == report.rows
        assert metrics.get("labeller") == (None if accuracy is None else {"accuracy": accuracy, "trusted": trusted})
        page, table = _Page(text), report.table()
        for shown in (" ".join(table.split()), page.text):
            assert ("is right for only 0.899 of the labels of real held-out images" in shown) is not trusted
            assert ("accuracy of what had to change" in shown) is trusted
            assert "PSNR" in shown
        heads = [line for line in page.lines if "model" in line[0]]
        assert any("label accuracy" in head for line in heads for head in line) is trusted
        assert ("accuracy by attribute" in table) is ("Accuracy by attribute" in page.text) is trusted
        assert ("Label accuracy, inv" in text) is trusted, "nor are there curves of it"


def test_nan_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        _report(rows=[dataclasses.replace(EMPTY, kernel=float("nan"))]).save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_page_needs_no_other_file(tmp_path: Path) -> None:
    _, text = _saved(_report(), tmp_path)
    page = _Page(text)
    assert page.references and all(reference.startswith(("data:image/png;base64,", "#")) for reference in page.references)
    assert not {"script", "link", "iframe", "object", "base"} & set(page.elements)
    assert not re.search(r"url\((?!#)|@import", text)
    addresses = set(re.findall(r'[^"\s]*//[^"\s]*', re.sub(r"base64,[\w+/=]+", "", text)))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names of XML vocabularies


def test_what_the_page_shows(tmp_path: Path) -> None:
    report = _report()
    page = _Page(_saved(report, tmp_path)[1])
    for text in (
        "runs/a on avatars",
        "avatars-32-v1",
        "lite0@128",
        "20 test images",
        "labeller",
        "98.5 %",
        "Fine.",
        "worst: 00417",
        "hair=blond",
        "base, inv",
        "PSNR 21.3",
        "wrong: hair",
        "k = 1",
    ):
        assert text in page.text
    assert page.elements.count("svg") == 6  # all panels are defined
    for name in ("base", "multicyclic", "floor", "ceiling"):
        # each row of the model in both tables: all measures, and attributes
        assert sum(line[0] == name for line in page.lines) == 2 * sum(row.model == name for row in report.rows) == 24
    assert ["base", "1", "0.800", "0.600", "12.30", "0.40", "0.250", "21.0"] in page.lines
    assert ["base", "0", "0.900", DASH, "12.30", "0.40", "0.250", "21.0"] in page.lines
    assert ["multicyclic", "2", "0.750"] in page.lines


def test_the_verdict_comes_first_and_then_pictures(tmp_path: Path) -> None:
    report = _report(verdict="Best first:\nbase: good.\nmulticyclic: <bad>.", labeled=False)
    metrics, text = _saved(report, tmp_path)
    assert metrics["verdict"] == report.verdict
    assert report.table().startswith("Best first:\nbase: good.\nmulticyclic: <bad>.\n\nruns/a on avatars\n")
    places = [text.index(part) for part in ("Best first:", "&lt;bad&gt;", "<img", "inv_k", "<svg", "All results")]
    assert places == sorted(places)
    assert "round trips" in text and "own label" not in text, "two sets have no labels"
    assert "own label" in _saved(_report(), tmp_path)[1]


def test_curves_follow_the_values() -> None:
    rows = [_row("base", "inv", cycles, "8bit") for cycles in range(3)]
    rows[1] = dataclasses.replace(rows[1], kernel=None)
    drawn = {panel.title: svg for panel, svg in curves(rows)}
    assert list(drawn) == [
        "Label accuracy, inv",
        "Accuracy of changed attributes, inv",
        "PSNR to truth, inv, in dB",
        "Kernel distance x 1000, inv",
    ]
    points = [_points(svg) for svg in drawn.values()]
    assert [len(found) for found in points] == [3, 3, 3, 2]
    (x, accuracy), (_, changed) = np.transpose(points[0]), np.transpose(points[1])
    assert np.diff(x, 2) == pytest.approx(0, abs=1e-3) and x[0] < x[1]
    # equal steps of -.1 and of +.1, over ranges that are equal too; SVG counts downward
    assert np.diff(accuracy) == pytest.approx(-np.diff(changed), abs=1e-3) and accuracy[0] < accuracy[1]


def _points(svg: str) -> list[tuple[float, float]]:
    """Where the first model's markers lie."""
    return [(float(x), float(y)) for x, y in re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)" style="fill: #0072b2', svg)]


def test_pictures_are_in_the_page(tmp_path: Path) -> None:
    report = _report()
    text = _saved(report, tmp_path)[1]
    sources = [reference for reference in _Page(text).references if reference.startswith("data:")]
    for source, expected in zip(sources, PIXELS[:3], strict=True):
        assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))) == expected).all()
    assert text.count('width="96" height="96"') == 3, "enlarged by a whole number"


def test_the_page_is_the_same_each_time(tmp_path: Path) -> None:
    assert _saved(_report(), tmp_path / "a")[1] == _saved(_report(), tmp_path / "b")[1]


def test_text_is_escaped(tmp_path: Path) -> None:
    nasty = ("<script>x</script>", 'a"b & $x_$ [bold]c')
    strip = Strip(nasty[0], {nasty[0]: nasty[1]}, nasty, [(nasty[1], [CaptionedImage(PIXELS[0], nasty)])])
    rows = [dataclasses.replace(row, accuracy_by_attribute={nasty[0]: 0.5}) for row in _rows(nasty)]
    report = _report(title=nasty[0], rows=rows, facts={nasty[0]: nasty[1]}, conclusion=nasty[0], strips=[strip])
    page = _Page(_saved(report, tmp_path)[1])
    assert "script" not in page.elements
    assert all(name in page.text for name in nasty)
    assert nasty[1] in report.table()


@pytest.mark.parametrize("genuine", [True, False])
def test_warned_exactly_if_not_comparable(genuine: bool, tmp_path: Path) -> None:
    report = _report(genuine=genuine)
    metrics, text = _saved(report, tmp_path)
    first = "not comparable with other results: the test images differ from those that avatars-32-v1 stands for"
    assert metrics["comparable"] is genuine
    assert (first in _Page(text).text) is not genuine
    assert ("not comparable" in report.table()) is not genuine
    assert report.table().startswith(first) is not genuine


def _cells(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()]


def test_table() -> None:
    table = _report().table()
    assert max(map(len, table.splitlines())) <= 100
    lines = _cells(table)
    start = lines.index(["inv"])
    middle = lines.index(["rec"])
    assert lines[start + 1 : start + 4] == [
        ["base", "0", "0.900", "0.500", "12.30", "0.250", "21.0"],
        ["1", "0.800", "0.600", "12.30", "0.250", "21.0"],
        ["2", "0.700", "0.700", "12.30", "0.250", "21.0"],
    ]
    assert lines[middle + 1] == ["base", "0", "0.900", DASH, "12.30", "0.250", "21.0"]
    # one line for a bound, without what depends on k
    assert [line for line in lines if line[:2] == ["floor", "any"]] == [
        ["floor", "any", "0.125", DASH, "12.30", "0.250", "21.0"],
        ["floor", "any", "0.125", DASH, "12.30", "0.250", "21.0"],
        ["floor", "any", "0.750"],
    ]
    assert "Fréchet" not in lines[start - 2] and "beard" not in table


def test_columns_that_are_defined_somewhere() -> None:
    rows = [*_rows(), dataclasses.replace(EMPTY, model="new", frechet=7.125, kernel=-1e-9)]
    lines = _cells(_report(rows=rows).table())
    assert ["new", "0", DASH, DASH, "0.00", "7.12", DASH, DASH] in lines  # and no minus zero
    assert "Fréchet" in lines[lines.index(["inv"]) - 2]


def test_many_long_names_fit_100_columns() -> None:
    models = [f"runs/multicyclic-stargan-with-seed-{number}" for number in range(2)]
    attributes = {f"an_attribute_{number}": 0.5 for number in range(13)}
    full = dict.fromkeys(("kept_accuracy", "frechet", "l1_to_source", "ssim_to_truth"), 12.0)
    rows = [dataclasses.replace(row, accuracy_by_attribute=attributes, **full) for row in _rows(models)]
    table = _report(rows=rows).table()
    assert max(map(len, table.splitlines())) <= 100
    assert "…" not in table
    assert _cells(table).count(["floor", "any", *["0.500"] * 6]) == 2
    assert _cells(table).count(["floor", "any", "0.500"]) == 1


def test_images_with_one_channel_and_without_labels(tmp_path: Path) -> None:
    rows = [dataclasses.replace(row, label_accuracy=None, changed_accuracy=None, accuracy_by_attribute={}) for row in _rows()]
    pictures = [CaptionedImage(PIXELS[0, :28, :28, :1]), CaptionedImage(PIXELS[1].astype(np.uint16) * 257)]
    strip = Strip("digits", {}, ("digit", "number"), [("base", pictures)])
    report = _report(rows=rows, strips=[strip])
    page = _Page(_saved(report, tmp_path)[1])
    assert page.elements.count("svg") == 4 and page.elements.count("img") == page.elements.count("table") == 2
    assert "accuracy" not in report.table().partition("ceiling:")[2]


def test_nothing_measured_yet(tmp_path: Path) -> None:
    report = _report(rows=[], strips=[], facts={}, conclusion="")
    metrics, text = _saved(report, tmp_path)
    assert metrics["rows"] == [] and "runs/a on avatars" in _Page(text).text
    assert report.table().startswith("runs/a on avatars")


def test_importing_the_report_is_cheap() -> None:
    code = "import sys, viceversa.evaluation.report.contents as _; "
    code += "print([name for name in ('torch', 'matplotlib', 'rich') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
