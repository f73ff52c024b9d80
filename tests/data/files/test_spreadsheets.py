"""Tables as spreadsheets write them, and images that are elsewhere or gone: read as meant, or refused by name."""

from __future__ import annotations

import codecs
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.data.files.celeba import read_celeba
from viceversa.data.files.checks import split_by_hash
from viceversa.data.files.tables import Table, read_table
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError

MISSING = ["", "NaN", "nan", "NA", "N/A", "n/a", "-", "null", "NULL", "#N/A", "<NA>", "\N{EN DASH}"]
PLAIN = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, content: str | bytes, *files: str, schema: object = None) -> Path:
    """A table, empty files, and schema.json if there is one: to read a table opens no image."""
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    if schema is not None:
        (folder / "schema.json").write_text(json.dumps(schema))
    table = folder / "table.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    return table


def column(folder: Path, cells: list[str], mark: str = ",", schema: object = None) -> Table:
    """The column x of a table whose files are all there."""
    files = [f"{number}.png" for number in range(len(cells))]
    lines = [mark.join((file, "train", f'"{cell}"')) for file, cell in zip(files, cells, strict=True)]
    return read_table(written(folder, "\n".join([mark.join(("file", "split", "x")), *lines]), *files, schema=schema))


def refusal(folder: Path, cells: list[str], mark: str = ",", schema: object = None) -> str:
    with pytest.raises(UsageError) as refused:
        column(folder, cells, mark, schema)
    assert str(refused.value).isprintable()
    return str(refused.value)


@pytest.mark.parametrize(
    ("cells", "mark", "span"),
    [
        (["0,5", "1,25", "3"], ";", (0.5, 3)),
        (["0,5", "1,25", "3"], "\t", (0.5, 3)),
        (["0,5", "1,25", "3"], ",", (0.5, 3)),
        (["-1,5", "+2,", ",5", "1e-1"], ";", (-1.5, 2)),
        (["1,234", "5,678"], ";", (1.234, 5.678)),
        (["0,125", "0,250"], ",", (0.125, 0.25)),
        (["1,234", "5,6"], "\t", (1.234, 5.6)),
        (["1.234", "5.678"], ";", (1.234, 5.678)),
        (["007", "7", "9"], ",", (7, 9)),
    ],
)
def test_decimal_commas_and_leading_zeros(tmp_path: Path, cells: list[str], mark: str, span: tuple[float, float]) -> None:
    (attribute,) = column(tmp_path, cells, mark).attributes
    assert isinstance(attribute, Graded) and (attribute.low, attribute.high) == span


@pytest.mark.parametrize("kind", [None, "graded"])
@pytest.mark.parametrize(
    ("cells", "mark", "said"),
    [
        (["1 234", "2"], ";", "row 2: column 'x' has '1 234', with a thousands separator: write 1234"),
        (["2", "1\u00a0234"], ",", r"row 3: column 'x' has '1\xa0234', with a thousands separator: write 1234"),
        (["1.234,5", "2"], ";", "'1.234,5', with a thousands separator: write 1234.5"),
        (["1,234.5", "2"], ",", "'1,234.5', with a thousands separator: write 1234.5"),
        (["1'234", "2"], ";", "with a thousands separator: write 1234"),
        (["1,234,567", "2"], ";", "with a thousands separator: write 1234567"),
        (["-1.234.567", "2"], ";", "with a thousands separator: write -1234567"),
        (["1 234", "2 345"], ",", "'1 234', with a thousands separator"),
        (["1,234", "2"], ",", "row 2: column 'x' has '1,234', which may be 1234 or 1.234: write the one that is meant"),
        (["1,234", "2"], "\t", "which may be 1234 or 1.234"),
        (["0,5", "1.5"], ";", "a comma in some numbers and a point in others, '0,5' in row 2 and '1.5' in row 3"),
    ],
)
def test_numbers_that_can_be_read_in_two_ways_are_refused(
    tmp_path: Path, cells: list[str], mark: str, said: str, kind: str | None
) -> None:
    assert said in refusal(tmp_path, cells, mark, None if kind is None else {"x": {"kind": kind}})


def test_names_with_digits_stay_names(tmp_path: Path) -> None:
    cells = ["1 234", "2 345", "1 234"]
    assert column(tmp_path, cells, schema={"x": {"kind": "one-of"}}).attributes == (OneOf("x", ("1 234", "2 345")),)


@PLAIN
@given(
    numbers=st.lists(st.decimals(-9999, 9999, places=3, allow_nan=False, allow_infinity=False), min_size=2, max_size=8),
    mark=st.sampled_from(";\t"),
)
def test_a_table_reads_the_same_with_either_decimal_mark(tmp_path: Path, numbers: list, mark: str) -> None:
    """A column whose every comma may separate thousands is refused where semicolons do not say otherwise."""
    assume(len(set(numbers)) > 1)
    points = [str(number.normalize()) if number else "0" for number in numbers]
    commas = [cell.replace(".", ",") for cell in points]
    with_points = column(tmp_path, points, mark)
    try:
        with_commas = column(tmp_path, commas, mark)
    except UsageError as error:
        assert mark == "\t" and "which may be" in str(error)
        return
    assert with_commas.attributes == with_points.attributes and (with_commas.labels == with_points.labels).all()


@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize("cells", [["yes", "no"], ["1", "0"], ["18", "90,5"], ["red", "blue"]], ids=lambda cells: cells[0])
def test_a_missing_value_is_refused_unless_its_row_is_to_be_dropped(tmp_path: Path, cells: list[str], word: str) -> None:
    said = refusal(tmp_path, [*cells, word])
    assert "row 4: column 'x'" in said and '{"x": {"drop_empty": true}}' in said and (repr(word) in said or not word)
    table = column(tmp_path, [*cells, word], schema={"x": {"drop_empty": True}})
    (tmp_path / "schema.json").unlink()
    without = column(tmp_path, cells)
    assert (table.files, table.attributes, table.dropped) == (without.files, without.attributes, {"no value of x": 1})


def test_none_is_a_word_and_so_is_what_schema_json_names(tmp_path: Path) -> None:
    assert column(tmp_path, ["None", "hat", "none"]).attributes == (OneOf("x", ("None", "hat", "none")),)
    schema = {"x": {"kind": "one-of", "choices": ["NA", "EU"]}}
    assert column(tmp_path, ["NA", "EU", "NA"], schema=schema).labels.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert "has no value, but 'n/a'" in refusal(tmp_path, ["NA", "EU", "n/a"], schema=schema)


def test_all_missing_values_are_one_choice_where_the_empty_cell_is_one(tmp_path: Path) -> None:
    schema = {"x": {"kind": "one-of", "choices": {"": "bare", "hat": "hat"}}}
    for words in (["", "NaN", "-"], ["NA", "n/a", "null"]):
        table = column(tmp_path, [*words, "hat"], schema=schema)
        assert table.attributes == (OneOf("x", ("bare", "hat")),)
        assert table.labels[:, 0].tolist() == [1, 1, 1, 0]


def test_groups_and_spaces_have_names(tmp_path: Path) -> None:
    for title in ("group", "space"):
        table = written(tmp_path, f"file,{title},x\na.png,NaN,1\nb.png,q,0\n", "a.png", "b.png")
        with pytest.raises(UsageError, match=f"1 of 2 cells of the column {title} are empty: 'NaN'"):
            read_table(table)


def test_leading_zeros_neither_split_nor_merge_in_silence(tmp_path: Path) -> None:
    """The same person as 007 and as 7 would be in two splits; of files and choices, both are names."""
    table = written(tmp_path, "file,group,x\n007.png,007,1\n7.png,7,0\n", "7.png", "007.png")
    with pytest.raises(UsageError, match="column group has both '007' and '7'"):
        read_table(table)
    assert "column 'x' has both '007' and '7': merge them" in refusal(tmp_path, ["007", "7", "8"], schema={"x": {"kind": "one-of"}})
    schema = {"x": {"kind": "one-of", "choices": {"007": "7", "7": "7", "8": "8"}}}
    assert column(tmp_path, ["007", "7", "8"], schema=schema).labels.argmax(1).tolist() == [0, 0, 1]
    (tmp_path / "schema.json").unlink()
    table.write_text("file,split,x\n007.png,train,1\n7.png,train,0\n")
    assert read_table(table).files == ("007.png", "7.png")


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + b"file;split;x\r\na.png;train;0,5\r\nb.png;train;1,5\r\n",
        b'"file";"split";"x"\n"a.png";"train";"0,5"\n"b.png";"train";"1,5"\n',
        b"sep=;\nfile;split;x\na.png;train;0,5\nb.png;train;1,5\n",
        b"file;split;x;;\na.png;train;0,5;;\n;;;;\nb.png;train;1,5;;\n;;;;\n",
        b"file\tsplit\tx\ra.png\ttrain\t0,5\rb.png\ttrain\t1,5\r",
    ],
    ids=["mark", "quotes", "sep", "empty rows and columns", "old lines"],
)
def test_what_spreadsheets_write(tmp_path: Path, content: bytes) -> None:
    table = read_table(written(tmp_path, content, "a.png", "b.png"))
    assert (table.files, table.attributes) == (("a.png", "b.png"), (Graded("x", 2, 0.5, 1.5),))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_refused_with_the_remedy(tmp_path: Path, encoding: str) -> None:
    table = written(tmp_path, "file;split;x\nä.png;train;1\n".encode(encoding))
    with pytest.raises(UsageError, match="Save it in UTF-8"):
        read_table(table)


def test_rows_are_numbered_as_the_spreadsheet_numbers_them(tmp_path: Path) -> None:
    table = written(tmp_path, "sep=;\nfile;split;x\n;;\na.png;train;1\nb.png;lesson;0\n", "a.png", "b.png")
    with pytest.raises(UsageError, match="row 5: unknown split 'lesson'"):
        read_table(table)


@pytest.mark.parametrize(("here", "there"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_are_the_same_in_every_unicode_form(tmp_path: Path, here: str, there: str) -> None:
    """Files on the disk, titles, values, groups, spaces and schema.json; the split goes by the composed name."""
    text = "file,group,Größe,Bäume\nbäume/ä.png,jörg,1,grün\nbäume/ö.png,zoë,2,rötlich\n"
    names = [unicodedata.normalize(there, name) for name in ("bäume/ä.png", "bäume/ö.png")]
    table = written(tmp_path / there, unicodedata.normalize(here, text), *names)
    said = {unicodedata.normalize(there, "Bäume"): {"kind": "one-of", "choices": [unicodedata.normalize(there, "rötlich"), "grün"]}}
    (tmp_path / there / "schema.json").write_text(json.dumps(said))
    found = read_table(table)
    assert found.files == ("bäume/ä.png", "bäume/ö.png")
    assert found.attributes == (Graded("Größe", 2, 1, 2), OneOf("Bäume", ("rötlich", "grün")))
    assert found.splits == tuple(map(split_by_hash, ("jörg", "zoë")))
    assert [found.spellings.get(file, file) for file in found.files] == names
    only = read_table(table, only=[unicodedata.normalize("NFD", "Größe")])
    assert [attribute.name for attribute in only.attributes] == ["Größe"]


def test_two_forms_of_one_name_are_one_file_and_one_group(tmp_path: Path) -> None:
    nfd = unicodedata.normalize("NFD", "ä")
    table = written(tmp_path, f"file,split,x\nä.png,train,1\n{nfd}.png,train,0\n", "ä.png")
    with pytest.raises(UsageError, match="1 of 2 files are in the table twice"):
        read_table(table)
    table.write_text(f"file,split,group,x\na.png,train,ä,1\nb.png,test,{nfd},0\n")
    with pytest.raises(UsageError, match="1 of 2 rows are of a group that is in another split too"):
        read_table(table)


def faces(folder: Path, *names: str) -> None:
    """Images of 8 px, each of its own color."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.fromarray(np.full((8, 8, 3), 20 * number + 9, np.uint8)).save(folder / name)


def rows(names: list[str]) -> str:
    splits = ["train", "train", "validation", "validation", "test", "test"]
    lines = [f"{name},{split},{number % 2}" for number, (name, split) in enumerate(zip(names, splits, strict=True))]
    return "\n".join(["file,split,x", *lines])


NAMES = [f"{number}.png" for number in range(6)]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six images in a folder that no table is in."""
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    faces(tmp_path / "elsewhere", *NAMES)
    (tmp_path / "tables").mkdir()
    return tmp_path / "elsewhere"


def reds(dataset: object) -> list[int]:
    return [int(pixels[0, 0, 0]) for split in dataset.splits.values() for pixels in split["images"].pixels]  # type: ignore[attr-defined]


def test_images_in_another_folder(elsewhere: Path, tmp_path: Path) -> None:
    """By relative and by absolute names, and through a link to the folder: one data set."""
    (tmp_path / "link").symlink_to(elsewhere)
    tables = {
        "relative": NAMES,
        "absolute": [str(elsewhere / name) for name in NAMES],
        "linked": [str(tmp_path / "link" / name) for name in NAMES],
    }
    called = set()
    for name, files in tables.items():
        table = tmp_path / "tables" / "faces.csv"
        table.write_text(rows(files))
        with pytest.raises(UsageError, match="image folder"):
            open_dataset(str(table), 8)
        for images in (elsewhere, tmp_path / "link"):
            dataset = open_dataset(str(table), 8, images=images)
            called.add(dataset.name)
            assert reds(dataset) == [9, 29, 49, 69, 89, 109], name
    assert len(called) == 1
    with pytest.raises(UsageError, match="6 of 6 files lie outside the folder"):
        open_dataset(str(table), 8, images=tmp_path / "tables")


def test_absolute_names_in_the_tables_own_folder(elsewhere: Path) -> None:
    table = elsewhere / "faces.csv"
    table.write_text(rows([str(elsewhere / name) for name in NAMES]))
    assert read_table(table).files == tuple(NAMES)
    table.write_text(rows([*map(str, (elsewhere / name for name in NAMES[:5])), f"{elsewhere}/../elsewhere/5.png"]))
    with pytest.raises(UsageError, match="1 of 6 files lie outside the folder"):
        read_table(table)


def test_links_may_leave_a_folder_that_was_named(elsewhere: Path, tmp_path: Path) -> None:
    """As a farm of links into a store is made; a table's own folder, which may be a stranger's, they may not leave."""
    table = tmp_path / "tables" / "table.csv"
    table.write_text(rows(NAMES))
    for name in NAMES:
        (table.parent / name).symlink_to(elsewhere / name)
    with pytest.raises(UsageError, match=r"6 of 6 files lead out of .* by a symbolic link: give the image folder"):
        open_dataset(str(table.parent), 8)
    assert reds(open_dataset(str(table.parent), 8, images=table.parent)) == [9, 29, 49, 69, 89, 109]


def test_an_image_folder_is_for_tables(elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "pets" / "cat").mkdir(parents=True)
    for spec in ("avatars", str(tmp_path / "pets"), "hf:pets"):
        with pytest.raises(UsageError, match="is only for an attribute table"):
            open_dataset(spec, 8, images=elsewhere)
    with pytest.raises(UsageError, match="is not a folder: give the folder"):
        open_dataset(str(tmp_path / "tables"), 8, images=elsewhere / "none")


def test_files_that_are_gone_are_skipped_if_asked(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Missing files, broken links, and what is no file; how many there are is said."""
    gone = ["gone.png", "broken.png", "folder.png"]
    (elsewhere / "broken.png").symlink_to("nowhere.png")
    (elsewhere / "folder.png").mkdir()
    table = elsewhere / "table.csv"
    table.write_text(rows(NAMES) + "".join(f"\n{name},train,1" for name in gone))
    with pytest.raises(UsageError, match=r"3 of 9 files are missing in .*Restore them, skip them with `skip_bad=True`, or"):
        open_dataset(str(table), 8)
    capsys.readouterr()
    dataset = open_dataset(str(table), 8, skip_bad=True)
    assert reds(dataset) == [9, 29, 49, 69, 89, 109] and "skipped: 3 rows (missing files)" in dataset.summary
    said = capsys.readouterr().err
    assert "skipped: 3 of 9 files are missing in" in said and "'gone.png' (row 8), 'broken.png' (row 9)" in said


def test_broken_links_in_folders_are_bad_images(elsewhere: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for domain in ("cat", "dog"):
        faces(tmp_path / "pets" / domain, *NAMES)
    (tmp_path / "pets" / "cat" / "broken.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(UsageError, match=r"1 of 13 images cannot be read, such as 'cat/broken\.png'"):
        open_dataset(str(tmp_path / "pets"), 8)
    assert len(reds(open_dataset(str(tmp_path / "pets"), 8, skip_bad=True))) == 12
    assert "is a link to a file that is not there" in capsys.readouterr().err


def test_part_of_celeba(tmp_path: Path) -> None:
    """A download of some of the images; the hair colors are still those of the images that are left."""
    (tmp_path / "images").mkdir()
    names = [f"{number:06}.jpg" for number in range(1, 9)]
    lines = [f"{name} {1 if i % 2 else -1} {-1 if i % 2 else 1} -1 {1 if i % 4 < 2 else -1} 1" for i, name in enumerate(names)]
    header = ["8", "Black_Hair Blond_Hair Brown_Hair Male Young"]
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join([*header, *lines]))
    (tmp_path / "list_eval_partition.txt").write_text("\n".join(f"{name} 0" for name in names))
    for name in names[1:]:
        (tmp_path / "images" / name).touch()
    with pytest.raises(UsageError, match="1 of 8 files are missing"):
        read_celeba(tmp_path, ("Male",))
    table = read_celeba(tmp_path, ("Male",), skip_bad=True)
    assert table.files == tuple(f"images/{name}" for name in names[1:]) and table.dropped == {"missing files": 1}
    assert table.attributes == (Binary("Male"),) and table.labels[:, 0].tolist() == [1, 0, 0, 1, 1, 0, 0]
