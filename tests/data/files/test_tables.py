"""Attribute tables: what each column becomes, what is refused and in which words, and that nothing else can happen."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from growth import fourfold_cost
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.files.checks import split_by_hash
from viceversa.data.files.tables import Table, read_table, summary
from viceversa.data.sets.avatars import ATTRIBUTES
from viceversa.data.sources import write_dataset
from viceversa.errors import UsageError

SPLITS = ["train", "train", "train", "test"]


def _folder(folder: Path, content: str | bytes, *files: str, schema: object = None) -> Path:
    """Empty files, a table and, if given, schema.json: reading a table looks at no pixels."""
    paths = [folder / file for file in files or ("a.png", "b.png", "c.png", "d.png")]
    for parent in {path.parent for path in paths}:
        parent.mkdir(parents=True, exist_ok=True)
    for path in paths:
        path.touch()
    if schema is not None:
        (folder / "schema.json").write_text(json.dumps(schema))
    table = folder / "table.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    return table


def _column(folder: Path, cells: list[str], schema: object = None, title: str = "x") -> Table:
    """A table of four rows with one attribute, or more: `cells` are the lines' ends."""
    lines = [f"{name}.png,{split},{cell}" for name, split, cell in zip("abcd", SPLITS, cells, strict=True)]
    return read_table(_folder(folder, "\n".join([f"file,split,{title}", *lines]), schema=schema))


def _refusal(path: Path, folder: Path | None = None) -> str:
    with pytest.raises(UsageError) as refused:
        read_table(path, folder)
    message = str(refused.value)
    assert message.isprintable(), "one line, without control characters"
    return message


def _refused_column(folder: Path, cells: list[str], schema: object = None, title: str = "x") -> str:
    with pytest.raises(UsageError) as refused:
        _column(folder, cells, schema, title)
    assert str(refused.value).isprintable()
    return str(refused.value)


@pytest.mark.parametrize(
    "cells",
    ["yes no yes no", "Yes NO yes no", "true false true false", "1 0 1 0", "1 -1 1 -1", "1.0 0.0 1.0 0.0", "True no 1 0"],
    ids=lambda cells: cells.replace(" ", ","),
)
def test_binary(tmp_path: Path, cells: str) -> None:
    if "no 1" in cells:
        assert "mixes numbers and text" in _refused_column(tmp_path, cells.split())
    schema = {"x": {"kind": "binary"}} if "no 1" in cells else None
    table = _column(tmp_path, cells.split(), schema)
    assert table.attributes == (Binary("x"),)
    assert table.labels.dtype == torch.float32
    assert table.labels.tolist() == [[1], [0], [1], [0]]
    assert table.files == ("a.png", "b.png", "c.png", "d.png")
    assert table.splits == ("train", "train", "train", "test")
    assert (table.dropped, table.spaces) == ({}, None)


def test_one_of(tmp_path: Path) -> None:
    table = _column(tmp_path, ["red", "blue", "dark green", "red"])
    assert table.attributes == (OneOf("x", ("blue", "dark green", "red")),)
    assert table.labels.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_graded(tmp_path: Path) -> None:
    table = _column(tmp_path, ["18", "90", "54", "36"])
    assert table.attributes == (Graded("x", 4, 18, 90),)
    assert table.labels[:, 0].tolist() == [0, 1, 0.5, 0.25]
    assert table.attributes[0].describe(table.labels) == ["18", "90", "54", "36"]


def test_stars_are_graded_in_five_steps(tmp_path: Path) -> None:
    files = [f"{number}.png" for number in range(10)]
    path = _folder(tmp_path, "file,split,stars\n" + "".join(f"{file},train,{1 + i % 5}\n" for i, file in enumerate(files)), *files)
    table = read_table(path)
    assert table.attributes == (Graded("stars", 5, 1, 5),)
    assert table.labels[:5, 0].tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_many_numbers_are_drawn_in_five_steps_and_many_texts_are_refused(tmp_path: Path) -> None:
    files = [f"{number}.png" for number in range(21)]
    head = "file,split,x\n"
    path = _folder(tmp_path, head + "".join(f"{file},train,{i}.5\n" for i, file in enumerate(files)), *files)
    assert read_table(path).attributes == (Graded("x", 5, 0.5, 20.5),)
    path.write_text(head + "".join(f"{file},train,t{i:02}\n" for i, file in enumerate(files)))
    message = _refusal(path)
    assert "'x' has 21 different texts, more than 20, such as 't20' in row 22" in message
    assert '{"x": {"kind": "ignore"}}' in message
    path.write_text(head + "".join(f"{file},train,t{max(i, 1):02}\n" for i, file in enumerate(files)))
    assert read_table(path).labels.shape == (21, 20)


@pytest.mark.parametrize(("cell", "other"), [("tall", "1.5"), ("1e999", "3"), ("1_0", "2"), ("٣", "4")])
def test_numbers_mixed_with_text_are_refused(tmp_path: Path, cell: str, other: str) -> None:
    message = _refused_column(tmp_path, [other, cell, other, cell])
    assert f"column 'x' mixes numbers and text: {other!r} in row 2, {cell!r} in row 3" in message


def test_numbers_too_far_apart_are_refused(tmp_path: Path) -> None:
    assert "too large to rescale to 0 to 1" in _refused_column(tmp_path, ["1e308", "-1e308", "0", "0"])
    near = _column(tmp_path, ["0", "5e-324", "0", "0"])
    assert near.labels[:, 0].tolist() == [0, 1, 0, 0], "the least distance that there is"


@pytest.mark.parametrize(
    ("cell", "said"), [("1", None), ("red", None), ("7", {"kind": "graded", "low": 0, "high": 9}), ("0", None)]
)
def test_an_attribute_with_one_value_is_refused(tmp_path: Path, cell: str, said: object) -> None:
    message = _refused_column(tmp_path, [cell] * 4, None if said is None else {"x": said})
    assert f"column 'x' has the same value in every row, {cell!r}" in message


def test_empty_cells_are_refused_unless_their_rows_are_to_be_dropped(tmp_path: Path) -> None:
    message = _refused_column(tmp_path, ["yes", "no", " ", "yes"])
    assert "row 4: column 'x' is empty" in message
    assert '{"x": {"drop_empty": true}}' in message
    table = _column(tmp_path, ["yes", "no", " ", "yes"], {"x": {"drop_empty": True}})
    assert table.files == ("a.png", "b.png", "d.png")
    assert table.labels.tolist() == [[1], [0], [1]]
    assert table.dropped == {"no value of x": 1}
    assert "has no rows but those with empty cells" in _refused_column(tmp_path, [""] * 4, {"x": {"drop_empty": True}})


def test_schema_overrides_what_the_cells_say(tmp_path: Path) -> None:
    schema = {
        "hair": {"kind": "one-of", "choices": ["red", "blond"]},
        "age": {"kind": "graded", "low": 0, "high": 90, "steps": 7},
        "id": {"kind": "ignore"},
        "grade": {"kind": "one-of", "name": "school grade"},
    }
    cells = ["blond,45,k1,1", "red,90,,2", "red,0,1e9,1", "red,9,=,2"]
    table = _column(tmp_path, cells, schema, "hair,age,id,grade")
    assert table.attributes == (OneOf("hair", ("red", "blond")), Graded("age", 7, 0, 90), OneOf("school grade", ("1", "2")))
    assert table.labels[0].tolist() == [0, 1, 0.5, 1, 0]


def test_choices_are_renamed_and_merged(tmp_path: Path) -> None:
    choices = {"br,dark": "brown", "br": "brown", "a=b": "other", "": "none"}
    table = _column(tmp_path, ['"br,dark"', "br", "a=b", '""'], {"x": {"kind": "one-of", "choices": choices}})
    assert table.attributes == (OneOf("x", ("brown", "other", "none")),)
    assert table.labels.argmax(1).tolist() == [0, 0, 1, 2]


def test_the_schema_of_the_tables_own_name_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text('\ufeff{"x": {"name": "own"}}', encoding="utf-8")
    assert _column(tmp_path, ["1", "0", "1", "0"], {"x": {"name": "shared"}}).attributes == (Binary("own"),)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"hare": {"kind": "ignore"}}, "Did you mean 'hair'? Known: hair."),
        ({"file": {"kind": "ignore"}}, "unknown column"),
        ({"hair": {"kinds": "ignore"}}, "unknown key of column 'hair'"),
        ({"hair": {"kinds": "ignore"}}, "Did you mean 'kind'?"),
        ({"hair": {"kind": "one_of"}}, "hair: kind: Input should be 'binary', 'one-of', 'graded' or 'ignore'"),
        ({"hair": {"low": 1}}, '"low" needs "kind": "graded"'),
        ({"hair": {"kind": "graded", "choices": ["a"]}}, '"choices" needs "kind": "one-of"'),
        ({"hair": {"kind": "graded", "low": 2, "high": 1}}, '"low" must be less than "high"'),
        ({"hair": {"kind": "graded", "low": 0.5}}, "row 3: column 'hair' has '0', outside 0.5 to 1"),
        ({"hair": {"kind": "graded", "steps": 1}}, "steps: Input should be greater than or equal to 2"),
        (
            {"hair": {"kind": "one-of", "choices": ["1"]}},
            "row 3: column 'hair' has '0', but schema.json does not list it as a choice",
        ),
        ({"hair": {"kind": "one-of", "choices": ["1", "0", "2"]}}, "no row has '2'"),
        ({"hair": {"name": ""}}, "the attribute name '' cannot be written"),
        ({"hair": {"name": "a=b"}}, "the attribute name 'a=b' cannot be written"),
        ({"hair": {"kind": "ignore"}}, "the table has no attributes"),
        ([1], "Input should be an object"),
        ({"h\n\x1b[2J": {}}, r"'h\n\x1b[2J'"),
    ],
)
def test_schemas_that_are_refused(tmp_path: Path, schema: object, words: str) -> None:
    assert words in _refused_column(tmp_path, ["1", "0", "1", "0"], schema, "hair")


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe{", b'{"x": {"low": 1e999}}', b'{"\\ud800": {}}', b"[" * 100_000])
def test_a_schema_that_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = _folder(tmp_path, "file,split,x\na.png,train,0\nb.png,train,1\n")
    (tmp_path / "schema.json").write_bytes(content)
    assert "schema.json" in _refusal(path)


@pytest.mark.parametrize("kind", [{"kind": "binary"}, {"kind": "graded"}])
def test_cells_that_are_not_of_the_kind_that_schema_says(tmp_path: Path, kind: object) -> None:
    assert "row 3: column 'x' is" in _refused_column(tmp_path, ["1", "tall", "0", "1"], {"x": kind})


def test_names_and_choices_that_the_command_line_cannot_say(tmp_path: Path) -> None:
    message = _refused_column(tmp_path, ["1", "0", "1", "0"], title='"hair, color"')
    assert '{"hair, color": {"name": "..."}}' in message
    message = _refused_column(tmp_path, ["a=b", "c", "c", "c"])
    assert "row 2: 'a=b' of column 'x' cannot be written" in message
    assert '{"x": {"kind": "one-of", "choices": {"a=b": "...", ...}}}' in message
    assert r'{"a\nb": {"name": "..."}}' in _refused_column(tmp_path, ["1", "0", "1", "0"], title='"a\nb"')
    assert "two columns are named 'y'" in _refused_column(tmp_path, ["1,0", "0,1", "1,1", "0,1"], {"x": {"name": "y"}}, "x,y")


def test_html_and_quotes_in_names_are_kept(tmp_path: Path) -> None:
    title = "<b>'x'</b>"
    table = _column(tmp_path, ['"a""b"', "&lt;", "&lt;", "&lt;"], title=title)
    assert table.attributes == (OneOf(title, ("&lt;", 'a"b')),)
    assert title in summary(table, "hostile")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_marks_and_line_ends(tmp_path: Path, separator: str, mark: str, end: str) -> None:
    lines = [["file", " split", "x"], ["a.png", "train ", "yes"], ["b.png", "val", "no"], []]
    table = read_table(_folder(tmp_path, mark + "".join(separator.join(line) + end for line in lines)))
    assert table.files == ("a.png", "b.png")
    assert table.splits == ("train", "validation")
    assert table.labels.tolist() == [[1], [0]]


def test_newlines_and_quotes_inside_cells(tmp_path: Path) -> None:
    files = ("a,b.png", 'q"q.png', "n\nn.png")
    rows = ['"a,b.png",train,1', '"q""q.png",train,0', '"n\nn.png",train,1']
    assert read_table(_folder(tmp_path, "\n".join(["file,split,x", *rows]), *files)).files == files
    assert r"'o\no.png' (row 4)" in _refusal(_folder(tmp_path, "\n".join(["file,split,x", *rows[:2], '"o\no.png",train,1'])))


def test_columns_in_any_order_paths_below_folders_and_windows_separators(tmp_path: Path) -> None:
    content = "x,file,split\n1,./deep//a.png,train\n0,deep\\b.png,TEST\n"
    path = _folder(tmp_path, content, "images/deep/a.png", "images/deep/b.png")
    table = read_table(path, tmp_path / "images")
    assert table.files == ("deep/a.png", "deep/b.png")
    assert table.splits == ("train", "test")
    assert "2 of 2 files are missing" in _refusal(path)


def test_without_a_split_names_decide(tmp_path: Path) -> None:
    files = [f"{number:04}.png" for number in range(2000)]
    path = _folder(tmp_path, "file,x\n" + "".join(f"{file},{i % 2}\n" for i, file in enumerate(files)), *files)
    table = read_table(path)
    assert table.splits == tuple(map(split_by_hash, files))
    count = Counter(table.splits)
    # Binomial: standard deviations 17.9 (train) and 13.4 (others); the names are fixed, so the outcome is.
    assert abs(count["train"] - 1600) < 60
    assert abs(count["validation"] - 200) < 45 and abs(count["test"] - 200) < 45
    known = {"a.png": "train", "e.png": "test", "images/ä.png": "train", "\ud800": "train"}
    assert {name: split_by_hash(name) for name in known} == known, "today's splits are tomorrow's"


def test_a_group_stays_in_one_split(tmp_path: Path) -> None:
    files = [f"{number:03}.png" for number in range(200)]
    path = _folder(tmp_path, "file,group,x\n" + "".join(f"{f},p{i // 10},{i % 2}\n" for i, f in enumerate(files)), *files)
    table = read_table(path)
    assert [attribute.name for attribute in table.attributes] == ["x"]
    assert all(len(set(table.splits[start : start + 10])) == 1 for start in range(0, 200, 10))
    assert len(set(table.splits)) > 1
    path.write_text("file,split,group,x\n000.png,train,p,1\n001.png,train,q,0\n002.png,test,p,1\n")
    assert "1 of 3 rows are of a group that is in another split too" in _refusal(path)
    assert "'p' (row 4)" in _refusal(path)
    path.write_text("file,group,x\n000.png,,1\n001.png,q,0\n")
    assert "1 of 2 cells of the column group are empty: '' (row 2)" in _refusal(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "has no column 'file'"),
        ("file,split,x\n", "has no rows"),
        ("name,split,x\na.png,train,1\n", "has no column 'file': it has 'name', 'split', 'x'"),
        ("file,split,x,x\na.png,train,1,1\n", "two columns have the title 'x'"),
        (",file,split,x\n0,a.png,train,1\n", "column 1 has no title"),
        ("file,split,x\na.png,train\n", "row 2 of"),
        ("file,split,x\na.png,train,1,1\n", "has 4 cells; the first has 3"),
        ('file,split,x\n"a.png,train,1\n', "unexpected end of data"),
        (b"file,split,x\n\xff.png,train,1\n", "as CSV in UTF-8"),
        ("file,split,x\na.png,train,1\n".encode("utf-16"), "as CSV in UTF-8"),
        ("file,split,x\n" + "a" * 200_000 + ",train,1\n", "field larger than field limit"),
        ("file,split,x\na.png,training,1\nb.png,test,0\n", "row 2: unknown split 'training'. Did you mean 'train'?"),
        ("file,split,x\na.png,,1\nb.png,test,0\n", "row 2: unknown split ''"),
        (
            "file,split,x\na.png,train,1\n./a.png,train,0\n",
            "1 of 2 files are in the table twice: remove the duplicates: 'a.png' (row 3)",
        ),
        ("file,split,x\na.png,train,1\na.png,test,0\n", "1 of 2 files are in another split too"),
        ("file,split,x\na.png,test,1\nb.png,val,0\n", "there are no rows to train on: 0 train, 1 validation, 1 test"),
        ("file,split\na.png,train\nb.png,test\n", "the table has no attributes"),
        ("file,split,space\na.png,train,one\nb.png,test,one\n", "the table has no attributes"),
        ("file,split,x\n,train,1\nb.png,test,0\n", "1 of 2 cells of the column file are not the name of a file: '' (row 2)"),
        ("file,split,x\nno.png,train,1\nnone.png,train,1\nc,train,0\nd,train,0\na.png,train,0\n", "'c' (row 4), ..."),
        ("file,split,x\na.png,train,1\nfolder,train,0\n", "1 of 2 files are missing"),
        ("file,split,x\na.png,train,1\nb.png/b.png,train,0\n", "1 of 2 files are missing"),
        ("file,split,x\na.png,train,1\n" + "n" * 300 + ".png,train,0\n", "1 of 2 files are missing"),
        ("file,split,x\na.png,train,1\n\x1b[31mred.png,train,0\n", r"'\x1b[31mred.png' (row 3)"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, content: str | bytes, words: str) -> None:
    (tmp_path / "folder").mkdir()
    assert words in _refusal(_folder(tmp_path, content))


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a.png", "deep/../../a.png", "..\\a.png", "C:\\a.png", "C:a.png", "\\\\host\\share\\a.png"]
)
def test_paths_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    path = _folder(tmp_path / "data", f"file,split,x\na.png,train,1\n{name},train,0\n", "a.png", "../a.png")
    assert "1 of 2 files lie outside the folder" in _refusal(path)


def test_symbolic_links_may_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret.png").touch()
    path = _folder(tmp_path / "data", "file,split,x\na.png,train,1\nlink.png,train,0\n", "a.png", "b.png")
    link = path.with_name("link.png")
    link.symlink_to("b.png")
    assert read_table(path).files == ("a.png", "link.png")
    for target in ("../out/secret.png", tmp_path / "out" / "secret.png"):
        link.unlink()
        link.symlink_to(target)
        assert "1 of 2 files lead out of" in _refusal(path)
    path.with_name("deep").symlink_to("../out")
    path.write_text("file,split,x\na.png,train,1\ndeep/secret.png,train,0\n")
    assert "1 of 2 files lead out of" in _refusal(path)
    link.unlink()
    link.symlink_to("link.png")
    path.write_text("file,split,x\na.png,train,1\nlink.png,train,0\n")
    assert "1 of 2 files" in _refusal(path)


def test_a_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    _folder(tmp_path / "data", "file,split,x\na.png,train,1\nb.png,train,0\n")
    (tmp_path / "here").symlink_to("data")
    assert len(read_table(tmp_path / "here" / "table.csv").files) == 2


def test_only_files_are_read(tmp_path: Path) -> None:
    path = _folder(tmp_path, "file,split,x\na.png,train,1\npipe.png,train,0\n")
    os.mkfifo(tmp_path / "pipe.png")
    assert "1 of 2 files are missing" in _refusal(path)
    os.mkfifo(tmp_path / "pipe.csv")
    assert "is not a file" in _refusal(tmp_path / "pipe.csv")
    assert "is not a file" in _refusal(tmp_path)
    assert "does not exist" in _refusal(tmp_path / "none.csv")


def test_what_a_data_set_is_written_as_is_read_back(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    space = Space({"avatars": ImageSpec(3, 8, 8)}, ATTRIBUTES)
    splits = {}
    for split in ("train", "validation", "test"):
        labels = space.draw(30, generator)
        images = Images(np.zeros((30, 8, 8, 3), np.uint8), labels, tuple(f"{split}-{number}" for number in range(30)))
        splits[split] = {"avatars": images}
    write_dataset(Dataset("small", space, splits), tmp_path / "out")
    table = read_table(tmp_path / "out" / "table.csv")
    assert {attribute.name: attribute.kind for attribute in table.attributes} == {a.name: a.kind for a in ATTRIBUTES}
    before = [words for split in splits.values() for words in space.describe(split["avatars"].labels)]
    assert Space({}, table.attributes).describe(table.labels) == before
    assert table.spaces == ("avatars",) * 90


def test_the_examples_of_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "data.md").read_text(encoding="utf-8")
    content, schema = (page.split(f"```{kind}\n")[1].split("```")[0] for kind in ("csv", "json"))
    table = read_table(_folder(tmp_path, content, *(f"faces/000{number}.png" for number in range(1, 5))))
    assert table.attributes == (OneOf("hair", ("blond", "dark brown")), Binary("glasses"), Graded("age", 4, 18, 90))
    cells = ["7,blond,45,blue", "8,dark brown,,gray", '9,dark brown,90,"br,dark"', "9,blond,0,gray"]
    table = _column(tmp_path, cells, json.loads(schema), "id,hair,age,eye color")
    assert table.attributes == (OneOf("hair", ("blond", "dark brown")), Graded("age", 10, 0, 90), OneOf("eyes", ("blue", "brown")))
    assert table.dropped == {"no value of age": 1}


def test_a_table_of_two_spaces_needs_no_attributes(tmp_path: Path) -> None:
    table = read_table(_folder(tmp_path, "file,split,space\na.png,train,one\nb.png,train,two\n"))
    assert (table.attributes, table.labels.shape, table.spaces) == ((), (2, 0), ("one", "two"))
    assert summary(table, "two").splitlines() == [
        "two: 2 images: 2 train, 0 validation, 0 test",
        "space one: 1 images",
        "space two: 1 images",
    ]


def test_reading_takes_time_in_proportion_to_the_rows(tmp_path: Path) -> None:
    def work(count: int) -> Callable[[], object]:
        files = [f"images/{number:05}.png" for number in range(count)]
        hair = ("black", "blond", "brown", "red")
        lines = (f"{file},{i % 2},{hair[i % 4]},{i % 90},{-1 + 2 * (i % 3 == 0)}\n" for i, file in enumerate(files))
        path = _folder(tmp_path / str(count), "file,glasses,hair,age,smile\n" + "".join(lines), *files)
        return lambda: read_table(path)

    assert fourfold_cost(work, 1_000) < 9


def test_summary(tmp_path: Path) -> None:
    files = [f"{number}.png" for number in range(100)]
    lines = (
        f"{f},{('train', 'validation', 'test')[(i >= 80) + (i >= 90)]},{'red' if i < 5 else 'blond'},{18 + i % 40}\n"
        for i, f in enumerate(files)
    )
    table = read_table(_folder(tmp_path, "file,split,hair,age\n" + "".join(lines), *files))
    printed = [
        "people: 100 images: 80 train, 10 validation, 10 test",
        "",
        "attribute  value          train  validation        test",
        "hair       blond             75          10          10",
        "           red                5           0           0  rare",
        "age        least             18          18          28",
        "           mean            37.5        22.5        32.5",
        "           greatest          57          27          37",
    ]
    assert summary(table, "people").splitlines() == printed
    assert "\n".join(printed) in (Path(__file__).parents[3] / "docs" / "data.md").read_text()


def test_what_is_missing_of_validation_and_test_is_taken_out_of_train(tmp_path: Path) -> None:
    files = [f"{number}.png" for number in range(100)]
    for said, missing in (("train", {"validation", "test"}), ("test", {"validation"}), ("validation", {"test"})):
        lines = [f"{file},{'train' if i < 80 else said},{'yes' if i % 2 else 'no'}\n" for i, file in enumerate(files)]
        splits = read_table(_folder(tmp_path / said, "file,split,x\n" + "".join(lines), *files)).splits
        drawn = [split_by_hash(file) for file in files[:80]]
        assert list(splits[:80]) == [split if split in missing else "train" for split in drawn]
        assert said == "train" or set(splits[80:]) == {said}


def test_all_faults_are_in_the_summary_and_the_first_is_the_one_line(tmp_path: Path) -> None:
    files = [f"{number}.png" for number in range(30)]
    lines = [f"{file},{'train' if i < 20 else 'test'},{'yes' if i % 3 else 'no'}\n" for i, file in enumerate(files)]
    lines += ["0.png,test,yes\n", "gone.png,train,no\n", "1.png,train,yes\n"]
    path = _folder(tmp_path, "file,split,glasses\n" + "".join(lines), *files)
    with pytest.raises(UsageError) as refused:
        read_table(path)
    assert str(refused.value).startswith("1 of 33 files are in another split too") and str(refused.value).isprintable()
    said = refused.value.summary.splitlines()
    assert said[0].startswith("table.csv: 33 images: ") and any(line.startswith("glasses") for line in said)
    assert [line.split(": ")[1][:26] for line in said if line.startswith("wrong: ")] == [
        "1 of 33 files are in anoth",
        "2 of 33 files are in the t",
        "1 of 33 files are missing ",
    ]


def test_a_summary_of_hostile_names_is_short_and_printable() -> None:
    names = ("\x1b[2J\n" * 30, "絵文字" * 40)
    attributes = (OneOf(names[0], (names[1], "\u202egnp", "\ud800")), Graded("g" * 200))
    labels = torch.tensor([[1.0, 0, 0, 0.5], [0, 1, 0, 1.0]])
    table = Table(("a", "b"), ("train", "test"), attributes, labels, {names[0]: 3}, (names[0], "b"))
    text = summary(table, names[0])
    assert all(line.isprintable() and cell_len(line) <= 100 for line in text.split("\n"))
    assert text.encode(), "no lone surrogates"
    assert r"\x1b[2J\n" in text and r"\u202e" in text


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # so that importing it fails
    (tmp_path / "table.parquet").write_bytes(b"PAR1")
    assert "pip install 'viceversa[data]'" in _refusal(tmp_path / "table.parquet")


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="of the extra data")
    parquet = pytest.importorskip("pyarrow.parquet")
    _folder(tmp_path, "")
    columns = {
        "file": ["a.png", "b.png", "c.png", "d.png"],
        "split": SPLITS,
        "glasses": [True, False, True, False],
        "smile": pyarrow.array([1, -1, 1, -1], pyarrow.int8()),
        "hair": pyarrow.array(["red", "blond", "red", "blond"]).dictionary_encode(),
        "age": [18.0, 90.0, 54.0, 36.0],
        "beard": [1.0, float("nan"), 0.0, 1.0],
        "__index_level_0__": [0, 1, 2, 3],
    }
    path = tmp_path / "table.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    assert "row 3: column 'beard' is empty" in _refusal(path)
    (tmp_path / "schema.json").write_text('{"beard": {"drop_empty": true}}')
    table = read_table(path)
    assert table.attributes == (
        Binary("glasses"),
        Binary("smile"),
        OneOf("hair", ("blond", "red")),
        Graded("age", 3, 18, 54),
        Binary("beard"),
    )
    assert table.labels.tolist() == [[1, 1, 0, 1, 0, 1], [1, 1, 0, 1, 1, 0], [0, 0, 1, 0, 0.5, 1]]
    assert table.dropped == {"no value of beard": 1}
    content = bytearray(path.read_bytes())
    for cut in (content[:4], content[:-1], content[: len(content) // 2], b""):
        path.write_bytes(cut)
        assert "cannot read" in _refusal(path)


GOOD = b"""file,split,hair,age,glasses
a.png,train,red,18,yes
b.png,train,"bl,ond",90,no
c.png,val,red,20.5,no
d.png,test,grey,33,yes
"""
SCHEMA = b"""{"hair": {"kind": "one-of", "choices": {"red": "red", "bl,ond": "blond", "grey": "grey"}},
"age": {"kind": "graded", "low": 0}}"""
PIECES = [
    b",",
    b";",
    b"\t",
    b'"',
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"../",
    b"/",
    b"\x1b",
    b"-1",
    b"nan",
    b"1e999",
    b"=",
    b"file",
    b"{",
    b"null",
    b"\\ud800",
]


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """Pieces cut out, doubled, or put in, up to three times."""
    content = original
    for _ in range(draw(st.integers(0, 3))):
        start, end = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        end = draw(st.sampled_from([start, min(start + 1, len(content)), end]))
        content = (
            content[:start]
            + draw(st.sampled_from(PIECES) | st.just(content[start:end] * 2) | st.binary(max_size=4))
            + content[end:]
        )
    return content


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=mutated(GOOD), schema=st.just(SCHEMA) | mutated(SCHEMA))
def test_mutated_tables_are_read_or_refused_in_one_line(tmp_path: Path, content: bytes, schema: bytes) -> None:
    path = _folder(tmp_path, content)
    (tmp_path / "schema.json").write_bytes(schema)
    try:
        table = read_table(path)
    except UsageError as error:
        assert str(error) and str(error).isprintable()
        return
    count = len(table.files)
    assert len(table.splits) == count == len(table.labels) and count > 0
    assert table.labels.shape[1] == sum(attribute.width for attribute in table.attributes)
    assert table.labels.isfinite().all() and table.labels.min() >= 0 and table.labels.max() <= 1
    assert all(line.isprintable() and cell_len(line) <= 100 for line in summary(table, "mutated").split("\n"))
