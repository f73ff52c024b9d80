"""Names with HTML, quotes, newlines and escape sequences, from a table to report.html and to the terminal."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli.hostile import TINY as SMALL
from cli.hostile import contents, exit_code

PLAIN = {"hair": ("blond", "brown"), "glasses": ("with", "without")}
NASTY = {
    "<script>alert(1)</script>": ("<img src onerror>", "a & b &amp; <b>"),
    "a\"b' onload '": ("'quoted' \"twice\"", "</table></figure><svg/onload>"),
}
FILES = ("new\nline {}.png", "\x1b[31mred\x07 {}.png", "<script>{}<" + "/script>.png", "a\"b' & {}.png", "{}.png")
"""File names; `{}` is a number. The slash makes a folder of one of them."""
TINY = ["--size", "16", *SMALL[2:]]
FOLDERS = ("people", '<b>\x1b[2J people & "they"\n')


class Page(HTMLParser):
    """The elements of a page with the names of their attributes, and its text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: set[tuple[str, ...]] = set()
        self.text = ""
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add((tag, *(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def write_table(folder: Path, attributes: dict[str, tuple[str, str]], files: tuple[str, ...], count: int = 40) -> list[str]:
    """A table of two attributes, and images in whose levels they can be seen; returns the files' names."""
    names = [f"faces/{files[number % len(files)].format(number)}" for number in range(count)]
    (folder / "faces").mkdir(parents=True)
    schema = {title: {"kind": "one-of", "choices": choices} for title, choices in attributes.items()}
    (folder / "schema.json").write_text(json.dumps(schema))
    with (folder / "table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "split", *attributes])
        for number, name in enumerate(names):
            bits = number % 2, number // 2 % 2
            pixels = np.full((16, 16, 3), [250 * bits[0], 250 * bits[1], number], np.uint8)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name)
            split = ("train", "train", "train", "validation", "test")[number // 4 % 5]
            table.writerow([name, split, *(choices[bit] for choices, bit in zip(attributes.values(), bits, strict=True))])
    return names


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_printable(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said, in which nothing can move a terminal's cursor."""
    said = capsys.readouterr()
    assert all(letter.isprintable() or letter == "\n" for letter in said.out + said.err), said
    return said.out + said.err


def reported(data: str, run: str, attributes: dict[str, tuple[str, str]]) -> Page:
    """Trains on a table and evaluates; metrics.json is JSON with all attributes."""
    small = [argument for argument in TINY if argument != "--training.no-labeller"]
    assert exit_code("train", "stargan", "--data", data, "--out", run, "--steps", "1", *small) == 0
    assert exit_code("evaluate", run, "--samples", "4", "--cycles", "1", "--out", f"{run}-report") == 0
    rows = json.loads(Path(f"{run}-report", "metrics.json").read_text())["rows"]
    assert all(list(row["accuracy_by_attribute"]) == list(attributes) for row in rows if row["model"] != "real")
    return Page(Path(f"{run}-report", "report.html").read_text())


def test_names_are_text_in_the_report_and_on_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page has the elements and attributes that it has with plain names, no others; every name stands in its text."""
    write_table(folder / FOLDERS[0], PLAIN, ("{}.png",))
    names = write_table(folder / FOLDERS[1], NASTY, FILES)
    plain = reported(FOLDERS[0], "run", PLAIN)
    capsys.readouterr()
    nasty = reported(FOLDERS[1], "<i>\x1b[31m run", NASTY)
    assert nasty.elements == plain.elements and ("script",) not in nasty.elements
    assert all(name in nasty.text for name in NASTY)
    assert "<script>alert(1)</script>" in assert_printable(capsys)
    title, choices = next(iter(NASTY.items()))
    images = [f"{FOLDERS[1]}/{name}" for name in names[:5]]
    assert exit_code("translate", "<i>\x1b[31m run", *images, "--to", f"{title}={choices[1]}", "--out", "out") == 0
    said = assert_printable(capsys)
    assert said.count(" -> ") == 5 and choices[1] in said
    assert len([path for path in (folder / "out").rglob("*") if path.is_file()]) == 5


def test_complaints_of_such_names_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of broken and missing files, and names that are known to nobody."""
    data = folder / FOLDERS[1]
    names = write_table(data, NASTY, FILES)
    before = contents(folder, "out")
    for name in names[:5]:
        (data / name).write_bytes(b"broken")
    train = ["train", "stargan", "--data", FOLDERS[1], "--out", "out", "--steps", "1", *TINY]
    assert exit_code(*train) == 2
    assert "5 of 40 images cannot be read" in assert_printable(capsys).splitlines()[-1]
    assert exit_code(*train, "--skip-bad") == 0
    assert "skipped 5 of 40" in assert_printable(capsys)
    (data / names[0]).unlink()
    assert exit_code(*train, "--overwrite") == 2 and "missing" in assert_printable(capsys).splitlines()[-1]
    for wrong in (
        ["--data", "no\nsuch\x1b[31m"],
        ["--data", FOLDERS[1], "--attributes", "\x1b[31m"],
        ["--method.width", "\x1b[31m"],
    ):
        assert exit_code("train", "stargan", *wrong, "--out", "\x1b[31m") == 2
        assert len(assert_printable(capsys).splitlines()) == 1
    assert exit_code("translate", "\x1b[31m", "face\n.png", "--out", "o") == 2 and "\\x1b" in assert_printable(capsys)
    assert contents(folder, "out", FOLDERS[1]) == {name: value for name, value in before.items() if FOLDERS[1] not in name}


def test_a_data_set_of_such_names_is_written_and_read_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(folder / FOLDERS[1], NASTY, FILES)
    before = contents(folder, "copy")
    assert exit_code("data", FOLDERS[1], "copy", "--size", "16") == 0
    assert exit_code("data", "copy", "copy of it", "--size", "16") == 0
    assert_printable(capsys)
    assert contents(folder, "copy", "copy of it") == before
