"""Chains of edits in folders and tables: every layout, and everything that can be wrong with a folder of a stranger."""

from __future__ import annotations

import csv
import json
import os
import shutil
import struct
import tempfile
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from viceversa.core.names import composed
from viceversa.errors import UsageError
from viceversa.images.decoding import BadImage
from viceversa.multiturn.layouts import pairs_of, read_image, read_turns
from viceversa.multiturn.turns import Chain, Turn, Turns

SIZE = (4, 3)


def draw(path: Path, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, SIZE).save(path)
    return path


def chain(folder: Path, id: str = "a", last: int = 2) -> Path:
    """A chain in the layout of LME-Bench; returns its folder."""
    for turn in range(last + 1):
        draw(folder / id / f"turn{turn}.png")
    return folder / id


def table(path: Path, rows: list[list[str]], header: str = "id,turn,file") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def images(turns: Turns, folder: Path) -> dict[str, dict[int, str]]:
    """id -> turn -> the image's path below the folder."""
    return {one.id: {turn: str(each.image.relative_to(folder)) for turn, each in one.turns.items()} for one in turns.chains}


def bomb() -> bytes:
    """A PNG file that claims 100,000 x 100,000 pixels."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(9))),
        (b"IEND", b""),
    )
    packed = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


# Layouts


def test_a_folder_for_each_chain(tmp_path: Path) -> None:
    for name in ("turn0.PNG", "Turn1.jpg", "turn2.webp", "mask1.png", "truth1.png", "again1.png", "notes.txt", "grid.png"):
        draw(tmp_path / "7" / name.replace(".txt", ".png"))
    turns = read_turns(tmp_path, "editor")
    folder = tmp_path / "7"
    first = Turn(folder / "Turn1.jpg", mask=folder / "mask1.png", truth=folder / "truth1.png", again=folder / "again1.png")
    whole = Chain("7", {0: Turn(folder / "turn0.PNG"), 1: first, 2: Turn(folder / "turn2.webp")})
    assert turns == Turns("editor", (whole,))


@pytest.mark.parametrize("inside", [True, False])
def test_edival(tmp_path: Path, inside: bool) -> None:
    """The names that EdiVal's generate.py and baseline_generate write; `singlepass` holds no chains."""
    multipass = tmp_path / "flux" / "multipass"
    for name in ("10_input_raw", *(f"10_input_raw_turn_{turn}" for turn in (1, 2, 3)), "9_input_raw", "9_input_raw_turn_1"):
        draw(multipass / f"{name}.png")
        draw(multipass.parent / "singlepass" / f"{name}.png")
    place = multipass if inside else multipass.parent
    turns = read_turns(place)
    ten = {0: "10_input_raw.png", **{turn: f"10_input_raw_turn_{turn}.png" for turn in (1, 2, 3)}}
    assert images(turns, multipass) == {"9": {0: "9_input_raw.png", 1: "9_input_raw_turn_1.png"}, "10": ten}
    assert [one.id for one in turns.chains] == ["9", "10"]
    assert (turns.name, turns.problems) == ("flux", ())


def test_edival_without_sources_says_where_they_are(tmp_path: Path) -> None:
    draw(tmp_path / "multipass" / "12_input_raw_turn_1.png")
    with pytest.raises(UsageError, match=r"chain '12' is left out: turn 0, its source, is missing: copy .*input_images_resize_512"):
        read_turns(tmp_path)


def test_edit_converge_bench(tmp_path: Path) -> None:
    """The names that its eval/run_smart_benchmark.py writes."""
    steps = [f"I{n}_{step}" for n in range(1, 11) for step in ("forward", "backward")]
    for name in ("I0_source", *steps):
        draw(tmp_path / "scene_01_chair" / f"{name}.png")
    turns = read_turns(tmp_path)
    named = dict(enumerate(["I0_source", *steps]))
    assert images(turns, tmp_path / "scene_01_chair") == {"scene_01_chair": {k: f"{name}.png" for k, name in named.items()}}
    assert list(turns.chains[0].turns) == list(range(21))
    assert not turns.problems


def test_a_table_with_all_columns(tmp_path: Path) -> None:
    for name in ("s.png", "e.png", "m.png", "t.png", "g.png"):
        draw(tmp_path / "files" / name)
    text = (
        "\ufeffid,turn,file,instruction,asked,mask,truth,again,success,seconds\r\n"
        'x,0,files/s.png,,,,,,,\r\nx,1,"files/e.png","Add ""round"" glasses, please",glasses=yes,'
        "files/m.png,files/t.png,files/g.png,YES,3\r\nx,2,files/e.png,,,,,,0,\r\n"
    )
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode())
    turns = read_turns(path)
    files = tmp_path / "files"
    asked = 'Add "round" glasses, please', "glasses=yes"
    full = Turn(files / "e.png", *asked, files / "m.png", files / "t.png", files / "g.png", success=True)
    whole = Chain("x", {0: Turn(files / "s.png"), 1: full, 2: Turn(files / "e.png", success=False)})
    assert turns == Turns("people", (whole,))


def test_a_folder_with_our_table_and_its_facts(tmp_path: Path) -> None:
    chain(tmp_path, "x", 1)
    table(tmp_path / "turns.csv", [["x", "0", "x/turn0.png"], ["x", "1", "x/turn1.png"]])
    assert read_turns(tmp_path).name == read_turns(tmp_path / "turns.csv").name == tmp_path.name
    facts = {"editor": "multicyclic", "protocol": "there-and-back", "data": "faces"}
    (tmp_path / "run.json").write_text(json.dumps(facts), encoding="utf-8-sig")
    turns = read_turns(tmp_path)
    assert (turns.name, turns.facts, turns.problems) == ("multicyclic", facts, ())
    assert read_turns(tmp_path, "mine").name == "mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1]", "an object"),
        ('{"editor": 3}', "'editor': Input should be a valid string"),
        ("{", "EOF"),
        ("\xff", "invalid start byte"),
        ('{"a": "\\ud800"}', "hex escape"),
    ],
)
def test_facts_that_are_none_are_a_problem(tmp_path: Path, content: str, said: str) -> None:
    chain(tmp_path, "x", 1)
    table(tmp_path / "turns.csv", [["x", "0", "x/turn0.png"], ["x", "1", "x/turn1.png"]])
    (tmp_path / "run.json").write_bytes(content.encode("latin-1"))
    turns = read_turns(tmp_path)
    assert turns.facts == {}
    assert len(turns.problems) == 1
    assert turns.problems[0].startswith("run.json is ignored")
    assert said in turns.problems[0]


def test_ids_and_turns_are_in_natural_order(tmp_path: Path) -> None:
    for id in ("10", "9", "a10", "a9", "010"):
        chain(tmp_path, id, 10)
    turns = read_turns(tmp_path)
    assert [one.id for one in turns.chains] == ["9", "010", "10", "a9", "a10"]
    assert [list(one.turns) for one in turns.chains] == [list(range(11))] * 5


# Hostile folders: beside the chain "good", one thing is wrong


def fifo(folder: Path) -> None:
    os.mkfifo(chain(folder) / "turn3.png")


def directory(folder: Path) -> None:
    (chain(folder) / "turn3.png").mkdir()


def cut(folder: Path) -> None:
    (chain(folder) / "turn3.png").write_bytes(draw(folder / "a" / "turn0.png").read_bytes()[:20])


def link_out(folder: Path) -> None:
    (chain(folder) / "turn3.png").symlink_to(draw(folder.parent / "private.png"))


def link_folder(folder: Path) -> None:
    shutil.move(chain(folder), folder.parent / "elsewhere")
    (folder / "a").symlink_to(folder.parent / "elsewhere")


def link_loop(folder: Path) -> None:
    (chain(folder) / "turn3.png").symlink_to("turn3.png")


def array(folder: Path) -> None:
    np.save(chain(folder) / "turn3.npy", np.zeros((4, 4, 5), np.uint8))


HOSTILE: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "no source": (
        lambda folder: chain(folder).joinpath("turn0.png").unlink(),
        ["chain 'a' is left out: turn 0, its source, is missing."],
    ),
    "a broken source": (
        lambda folder: chain(folder).joinpath("turn0.png").write_bytes(b"?"),
        ["cannot read the image 'a/turn0.png': it is not an image", "'a' is left out: turn 0, its source, cannot be read."],
    ),
    "no edits": (lambda folder: chain(folder, last=0), ["chain 'a' is left out: it has no edit"]),
    "a number that is none": (
        lambda folder: draw(chain(folder) / "turnX.png"),
        ["'a/turnX.png': turn 'X' is not a number from 0 to 9999."],
    ),
    "a number too large": (lambda folder: draw(chain(folder) / "turn999999999.png"), ["turn '999999999' is not a number"]),
    "a digit of another script": (lambda folder: draw(chain(folder) / "turn٣.png"), ["turn '٣' is not a number"]),
    "a turn twice": (
        lambda folder: draw(chain(folder) / "turn01.png"),
        ["'a/turn1.png' is left out: 'a/turn01.png' is turn 1 already."],
    ),
    "a round before the first": (lambda folder: draw(chain(folder) / "I0_forward.png"), ["turn '-1' is not a number"]),
    "a mask without an image": (
        lambda folder: draw(chain(folder) / "mask5.png"),
        ["'a/mask5.png' is left out: turn 5 has no image."],
    ),
    "not an image": (
        lambda folder: (chain(folder) / "turn3.png").write_text("<svg/>"),
        ["cannot read the image 'a/turn3.png': it is not an image of a known format."],
    ),
    "an empty file": (lambda folder: (chain(folder) / "turn3.png").touch(), ["'a/turn3.png': it is empty."]),
    "a header cut off": (cut, ["cannot read the image 'a/turn3.png': "]),
    "a bomb": (
        lambda folder: (chain(folder) / "turn3.png").write_bytes(bomb()),
        ["'a/turn3.png': ", "decompression bomb"],
    ),
    "five channels": (array, ["'a/turn3.npy': it has 5 channels: save it in gray or color."]),
    "a pipe": (fifo, ["'a/turn3.png': it is not a regular file."]),
    "a directory": (directory, ["'a/turn3.png': it is a folder."]),
    "a link out": (link_out, ["'a/turn3.png' leads out of the folder: put the image itself into the folder."]),
    "a link to itself": (link_loop, ["'a/turn3.png': "]),
    "a folder by a link": (link_folder, ["'a' is a link to a folder: such links are not followed."]),
    "a folder without turns": (lambda folder: (folder / "thumbs").mkdir(), ["the folder 'thumbs' has no image of a turn."]),
    "a name not in UTF-8": (
        lambda folder: shutil.move(chain(folder), os.fsdecode(os.fsencode(folder) + b"/\xff")),
        ["the name of the chain '\\udcff' is not in UTF-8: rename it."],
    ),
    "newlines": (lambda folder: chain(folder, "\n<b>", last=0), ["chain '\\n<b>' is left out"]),
}
LEFT_OUT = ("no source", "a broken source", "no edits", "a folder by a link", "a name not in UTF-8", "newlines")


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_wrong_with_one_chain_is_a_line(tmp_path: Path, what: str) -> None:
    make, said = HOSTILE[what]
    folder = tmp_path / "given"
    chain(folder, "good", 1)
    make(folder)
    turns = read_turns(folder)
    lines = dict.fromkeys(turns.problems)
    expected = 2 if what == "a broken source" else 1
    assert len(turns.problems) == expected, turns.problems
    assert all(any(words in line for line in lines) for words in said), turns.problems
    assert all(line.isprintable() and str(tmp_path) not in line for line in lines), turns.problems
    kept = {one.id: list(one.turns) for one in turns.chains}
    assert kept.pop("good") == [0, 1]
    whole = what not in LEFT_OUT and what != "a folder without turns"
    assert kept == ({"a": [0, 1, 2]} if whole else {})


def test_a_missing_turn_is_a_line_and_the_chain_is_kept(tmp_path: Path) -> None:
    folder = chain(tmp_path, "a", 8)
    for turn in (2, 5, 6, 7):
        (folder / f"turn{turn}.png").unlink()
    turns = read_turns(tmp_path)
    assert list(turns.chains[0].turns) == [0, 1, 3, 4, 8]
    assert turns.problems == ("chain 'a' is used without turn 2, 5 to 7: no image is there.",)


def test_an_edit_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (chain(tmp_path) / "turn1.png").write_bytes(b"?")
    turns = read_turns(tmp_path)
    assert list(turns.chains[0].turns) == [0, 2]
    assert turns.problems == ("cannot read the image 'a/turn1.png': it is not an image of a known format.",)


def test_a_mask_that_cannot_be_read_leaves_its_turn(tmp_path: Path) -> None:
    (chain(tmp_path) / "mask1.png").write_bytes(b"?")
    turns = read_turns(tmp_path)
    assert turns.chains[0].turns[1] == Turn(tmp_path / "a" / "turn1.png")
    assert [line for line in turns.problems if "'a/mask1.png'" in line] == list(turns.problems)
    assert turns.problems


def test_links_inside_the_folder_are_followed(tmp_path: Path) -> None:
    (chain(tmp_path) / "turn3.png").symlink_to("turn1.png")
    turns = read_turns(tmp_path)
    assert list(turns.chains[0].turns) == [0, 1, 2, 3]
    assert not turns.problems


def test_a_folder_may_be_given_by_a_link(tmp_path: Path) -> None:
    chain(tmp_path / "real")
    (tmp_path / "given").symlink_to("real")
    turns = read_turns(tmp_path / "given")
    assert (turns.name, turns.problems) == ("given", ())


def test_names_with_markup_and_control_characters_are_kept(tmp_path: Path) -> None:
    names = ["<script>alert(1)<", "a\nb", "\x1b[31m", "a&b \"'", "x_turn_1.png"]
    for name in names:
        chain(tmp_path, name)
    assert sorted(one.id for one in read_turns(tmp_path).chains) == sorted(names)


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    chain(tmp_path)
    chain(tmp_path, ".git")
    turns = read_turns(tmp_path)
    assert [one.id for one in turns.chains] == ["a"]
    assert not turns.problems


def test_how_unusual_images_are_read_is_said_once(tmp_path: Path) -> None:
    folder = chain(tmp_path, "a", 5)
    for turn, mode in ((1, "RGBA"), (2, "RGBA"), (3, "I;16"), (4, "I;16")):
        draw(folder / f"turn{turn}.png", mode)
    frames = [Image.new("RGB", SIZE, color) for color in ("red", "blue")]
    frames[0].save(folder / "turn5.gif", save_all=True, append_images=frames[1:])
    (folder / "turn5.png").unlink()
    turns = read_turns(tmp_path)
    assert list(turns.chains[0].turns) == list(range(6))
    assert turns.problems == (
        "images that have 16 bits: 2, such as 'a/turn3.png'; they are read in 8 bits.",
        "images that are transparent: 2, such as 'a/turn1.png'; they are read on white.",
        "images that have several frames or pages: 1, such as 'a/turn5.gif'; the first one is read.",
    )


# Tables


def rows_of(folder: Path) -> list[list[str]]:
    chain(folder, "x", 1)
    return [["x", "0", "x/turn0.png"], ["x", "1", "x/turn1.png"]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["x", "2", "x/turn2.png"], "cannot read the image 'x/turn2.png': No such file or directory."),
        (["x", "one", "x/turn1.png"], "row 4: turn 'one' is not a number from 0 to 9999."),
        (["x", "-1", "x/turn1.png"], "row 4: turn '-1' is not a number"),
        (["x", "9" * 5000, "x/turn1.png"], "is not a number from 0 to 9999"),
        (["x", "1", "x/turn0.png"], "row 4: turn 1 of 'x' is there twice; the first row is used."),
        (["x", "2", ""], "row 4: the file is missing."),
        (["", "0", "x/turn0.png"], "row 4: the id is missing."),
        (["x", "2", "x"], "'x': it is a folder."),
        (["x", "2", "n" * 5000], "File name too long"),
        (["x", "2", "ü" * 5000], "File name too long"),
        (["x", "2", "a\0b"], "embedded null"),
        (["x", "2", "ü\0b"], "embedded null"),
    ],
)
def test_what_is_wrong_with_a_row_is_a_line(tmp_path: Path, row: list[str], said: str) -> None:
    path = table(tmp_path / "turns.csv", [*rows_of(tmp_path), row])
    for turns in (read_turns(path), read_turns(tmp_path)):
        assert images(turns, tmp_path) == {"x": {0: "x/turn0.png", 1: "x/turn1.png"}}
        assert len(turns.problems) == 1
        assert said in turns.problems[0]
        assert turns.problems[0].isprintable()


def test_paths_may_be_written_as_on_windows(tmp_path: Path) -> None:
    rows = [[id, turn, file.replace("/", "\\")] for id, turn, file in rows_of(tmp_path)]
    assert images(read_turns(table(tmp_path / "own.csv", rows)), tmp_path) == {"x": {0: "x/turn0.png", 1: "x/turn1.png"}}


def test_a_judgment_that_is_none_is_a_line(tmp_path: Path) -> None:
    rows = [[*row, word] for row, word in zip(rows_of(tmp_path), ("True", "perhaps"), strict=True)]
    turns = read_turns(table(tmp_path / "own.csv", rows, "id,turn,file,success"))
    assert [turn.success for turn in turns.chains[0].turns.values()] == [True, None]
    assert turns.problems == ("row 3: success 'perhaps' is neither yes nor no; it is ignored.",)


@pytest.mark.parametrize("kind", ["absolute", "above", "link"])
def test_only_a_table_that_is_named_may_name_files_elsewhere(tmp_path: Path, kind: str) -> None:
    folder, private = tmp_path / "given", draw(tmp_path / "private.png")
    rows = rows_of(folder)
    (folder / "link.png").symlink_to(private)
    cell = {"absolute": str(private), "above": "x/../../private.png", "link": "link.png"}[kind]
    path = table(folder / "turns.csv", [*rows, ["x", "2", cell]])
    named, whole = read_turns(path), read_turns(folder)
    assert list(named.chains[0].turns) == [0, 1, 2]
    assert not named.problems
    assert list(whole.chains[0].turns) == [0, 1]
    assert len(whole.problems) == 1
    assert "leads out of the folder" in whole.problems[0]


def test_table_and_facts_of_a_folder_may_not_be_links_out_of_it(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "given", tmp_path / "private.json"
    elsewhere.write_text('{"password": "secret"}')
    path = table(folder / "turns.csv", rows_of(folder))
    (folder / "run.json").symlink_to(elsewhere)
    turns = read_turns(folder)
    assert (turns.facts, turns.problems) == ({}, ("run.json is ignored: it is not a file of the folder.",))
    shutil.move(path, tmp_path / "own.csv")
    path.symlink_to(tmp_path / "own.csv")
    with pytest.raises(UsageError, match=r"turns\.csv' leads out of the folder"):
        read_turns(folder)


@pytest.mark.parametrize("missing", ["id", "turn", "file"])
def test_a_table_without_a_needed_column_is_refused(tmp_path: Path, missing: str) -> None:
    header = [title for title in ("id", "turn", "file", "more") if title != missing]
    path = table(tmp_path / "own.csv", [["1", "2", "3"]], ",".join(header))
    with pytest.raises(UsageError, match=f"no column '{missing}': it needs id, turn and file, and has 'id'|'turn'"):
        read_turns(path)


def test_names_in_either_form_of_unicode_are_the_same(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "é")
    chain(tmp_path, decomposed, 1)
    rows = [["é", str(turn), f"é/turn{turn}.png"] for turn in (0, 1)]
    named, folders = read_turns(table(tmp_path / "own.csv", rows)), read_turns(tmp_path)
    assert not named.problems
    assert pairs_of([named, folders]) == ("é",)


# Places


def test_a_place_of_which_nothing_can_be_used_is_refused(tmp_path: Path) -> None:
    for what, said in {"empty": "can be used. Layouts", "loose": "can be used. Layouts", "sources": "'a' is left out"}.items():
        (tmp_path / what).mkdir()
        if what != "empty":
            draw(tmp_path / what / ("a/turn0.png" if what == "sources" else "photo.png"))
        with pytest.raises(UsageError, match=said) as error:
            read_turns(tmp_path / what)
        assert str(error.value).isprintable()
        for layout in ("turn0.png", "multipass/", "I0_source.png", "turns.csv", str(tmp_path / what)):
            assert layout in str(error.value)


def test_a_place_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere' does not exist"):
        read_turns(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match=r"pipe\.csv' is not a file"):
        read_turns(tmp_path / "pipe.csv")
    table(tmp_path / "empty.csv", [])
    with pytest.raises(UsageError, match=r"empty\.csv' has no chain of edits"):
        read_turns(tmp_path / "empty.csv")


def test_pairs_are_the_chains_that_all_have(tmp_path: Path) -> None:
    one, other = (Turns("", tuple(Chain(id, {}) for id in ids)) for ids in (("2", "3", "10"), ("2", "10", "11")))
    assert pairs_of([one, other]) == ("2", "10")
    assert pairs_of([one]) == ("2", "3", "10")


# Pixels


def test_pixels_are_upright_in_8_bits_on_white(tmp_path: Path) -> None:
    gray = np.array([[0, 300, 65535]], np.uint16)
    Image.fromarray(gray).save(tmp_path / "deep.png")
    assert read_image(tmp_path / "deep.png").tolist() == [[[0], [1], [255]]]
    Image.new("RGBA", (1, 1), (0, 0, 0, 51)).save(tmp_path / "clear.png")
    assert read_image(tmp_path / "clear.png").tolist() == [[[204] * 3]]
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", SIZE).save(tmp_path / "turned.png", exif=exif)
    pixels = read_image(tmp_path / "turned.png")
    assert (pixels.shape, pixels.dtype) == ((*SIZE, 3), np.uint8)
    frames = [Image.new("RGB", SIZE, color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert read_image(tmp_path / "moving.gif")[0, 0].tolist() == [255, 0, 0]


def test_pixels_that_cannot_be_read_are_refused_in_a_line(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:4000])
    np.save(tmp_path / "five.npy", np.zeros((4, 4, 5), np.uint8))
    for name, said in {"cut.png": "truncated", "five.npy": "5 channels", "none.png": "No such file"}.items():
        with pytest.raises(BadImage, match=said) as error:
            read_image(tmp_path / name)
        assert name in str(error.value)


# Whatever is written is read back


letters = st.characters(codec="utf-8", exclude_characters="/\0\r")
ids = (
    st.text(letters, min_size=1, max_size=12)
    .map(lambda text: unicodedata.normalize("NFC", text.strip()))
    .filter(lambda text: text and not text.startswith(".") and text.casefold() not in ("multipass", "turns.csv"))
)
extras = st.sets(st.sampled_from(["mask", "truth", "again"]))
judged = st.tuples(st.text(letters).map(str.strip).map(composed), st.sampled_from([None, True, False]))
edits = st.dictionaries(st.integers(1, 30), st.tuples(extras, judged), min_size=1, max_size=3)
written = st.dictionaries(ids, edits, min_size=1, max_size=3)


@pytest.mark.parametrize("in_table", [False, True])
@settings(max_examples=25, deadline=None)
@given(chains=written)
def test_what_was_written_is_read_back(
    in_table: bool, chains: dict[str, dict[int, tuple[set[str], tuple[str, bool | None]]]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = draw(folder / ".image.png").read_bytes()

        def put(path: str) -> Path:
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(image)
            return folder / path

        expected, rows = {}, []
        for place, (id, edits) in enumerate(chains.items()):
            sub = f"folder {place}" if in_table else id
            turns = {0: Turn(put(f"{sub}/turn0.png"))}
            for number, (roles, (text, success)) in edits.items():
                files = {role: put(f"{sub}/{role}{number}.png") for role in sorted(roles)}
                said = {"instruction": text, "success": success} if in_table else {}
                turns[number] = Turn(put(f"{sub}/turn{number}.png"), **files, **said)  # type: ignore[arg-type]
            for number, turn in turns.items():
                paths = [path and str(path.relative_to(folder)) for path in (turn.image, turn.mask, turn.truth, turn.again)]
                success = {None: "", True: "yes", False: "no"}[turn.success]
                rows.append([id, str(number), turn.instruction, success, *(path or "" for path in paths)])
            expected[id] = turns
        if in_table:
            table(folder / "turns.csv", rows, "id,turn,instruction,success,file,mask,truth,again")
        turns_read = read_turns(folder)
        assert {one.id: one.turns for one in turns_read.chains} == expected
        gaps = sum(set(edits) != set(range(1, len(edits) + 1)) for edits in chains.values())
        assert len(turns_read.problems) == gaps
