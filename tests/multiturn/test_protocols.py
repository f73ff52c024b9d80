"""Plans of edits and what is made by them: instructions, ground truth, files, and going on after an interrupt."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError
from viceversa.metrics.chain_protocol import trial
from viceversa.multiturn.editors.editor import Edit
from viceversa.multiturn.layouts import read_turns
from viceversa.multiturn.making import make_turns
from viceversa.multiturn.prompts import load_prompts
from viceversa.multiturn.protocols import Plan, Protocol, plan

PROMPTS = load_prompts()
WORDS = """
hold = "nothing"
join = " + "
[[edits]]
do = "a"
undo = "not a"
[[edits]]
do = "b"
undo = "not b"
"""


def avatars(protocol: Protocol, turns: int = 3, samples: int = 4) -> Plan:
    return plan("avatars", protocol, turns, PROMPTS, samples, 32)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three gray pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        Image.new("L", (12, 10), 50 * number).save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("no image")
    return folder


def darker(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
    """An editor: one level less."""
    return image.point(lambda value: max(value - 1, 0))


@pytest.mark.parametrize(("protocol", "instructions"), [
    ("hold", ["nothing"] * 3), ("there-and-back", ["b", "not b", "b"]), ("chain", ["a", "b", "a"]),
    ("composed", ["a", "a + b", "a + b + a"]),
])  # fmt: skip
def test_instructions_for_images_without_labels(
    protocol: Protocol, instructions: list[str], pictures: Path, tmp_path: Path
) -> None:
    """The second image, whose name picks its pair for there and back."""
    (tmp_path / "prompts.toml").write_text(WORDS)
    chain = [*plan(str(pictures), protocol, 3, load_prompts(tmp_path / "prompts.toml")).chains()][1]
    assert [turn.edit.instruction for turn in chain.turns] == instructions
    assert [turn.start for turn in chain.turns] == ([0, 0, 0] if protocol == "composed" else [0, 1, 2])
    assert chain.id == "1"


def test_a_chain_of_labels_is_the_stored_one_with_its_ground_truth() -> None:
    """The attributes that are asked for are those of the evaluation's chains, and the truth is the same person drawn so."""
    dataset = open_dataset("avatars", 32)
    task = trial(dataset, 4)
    assert task.targets is not None
    for row, chain in enumerate(avatars("chain").chains()):
        for number, turn in enumerate(chain.turns):
            label = task.targets[number, [row]]
            assert ",".join(f"{name}={value}" for name, value in turn.edit.target.items()) == dataset.space.describe(label)[0]
            assert dataset.truth is not None
            drawn = dataset.truth("test", "avatars", task.numbers[[row]], "avatars", label)[0]
            assert turn.truth is not None and np.array_equal(turn.truth, drawn)


def test_hold_asks_for_what_is_there() -> None:
    for chain in avatars("hold").chains():
        assert all(turn.edit.source == turn.edit.target and turn.edit.instruction == PROMPTS.hold for turn in chain.turns)
        assert all(np.array_equal(turn.truth, chain.source) for turn in chain.turns if turn.truth is not None)
        assert all(turn.truth is not None for turn in chain.turns)


def test_there_and_back_changes_one_attribute_and_changes_it_back() -> None:
    for chain in avatars("there-and-back", 4, 6).chains():
        first, second, third, fourth = (turn.edit for turn in chain.turns)
        changed = [name for name in first.source if first.source[name] != first.target[name]]
        assert len(changed) == 1
        assert second.target == fourth.target == first.source
        assert third.target == first.target
        there, back = (turn.truth for turn in chain.turns[:2])
        assert there is not None and back is not None
        assert np.array_equal(back, chain.source) and not np.array_equal(there, chain.source)


def test_composed_edits_start_from_the_source() -> None:
    one, many = (next(iter(avatars(protocol).chains())) for protocol in ("composed", "chain"))
    assert [turn.start for turn in one.turns] == [0, 0, 0]
    assert [turn.edit.target for turn in one.turns] == [turn.edit.target for turn in many.turns]
    assert one.turns[2].edit.source == many.turns[0].edit.source


def test_an_instruction_names_what_changes() -> None:
    said = PROMPTS.change({"hair": "black", "glasses": "no", "beard": "no"}, {"hair": "blond", "glasses": "yes", "beard": "no"})
    assert said == "Change the hair color to blond. Put glasses on the face."
    assert PROMPTS.change({"weight": "thin"}, {"weight": "fill"}) == "Redraw this icon filled with black."
    with pytest.raises(UsageError, match=r"no instruction for hat=red: add \[attributes.hat\]"):
        PROMPTS.change({"hat": "blue"}, {"hat": "red"})


@pytest.mark.parametrize(("text", "said"), [
    ("hold = 3", "must be a text"), ("[[edits]]\ndo = 'a'", "needs 'do' and 'undo'"), ("keep = 'x'", "has the key 'keep'"),
    ("hold = ", "cannot read"), ("[attributes]\nhair = 'x'", "must be a text"), ("[attributes.hair]\nblond = 3", "must be a text"),
])  # fmt: skip
def test_prompts_that_cannot_be_used_are_one_line(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "prompts.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=said) as error:
        load_prompts(file)
    assert "\n" not in str(error.value)
    assert "prompts.toml" in str(error.value)


def test_what_cannot_be_planned_is_one_line(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "hold.toml").write_text("hold = 'x'")
    for images, protocol, turns, prompts, said in (
        (str(tmp_path / "empty"), "hold", 3, PROMPTS, "has no image"),
        (str(pictures), "hold", 0, PROMPTS, "0 turns"),
        ("avatars", "chain", 11, PROMPTS, "chains of 10 turns"),
        (str(pictures), "chain", 2, load_prompts(tmp_path / "hold.toml"), r"add \[\[edits\]\]"),
    ):
        with pytest.raises(UsageError, match=said):
            plan(images, protocol, turns, prompts, size=32 if images == "avatars" else None)  # type: ignore[arg-type]


def test_every_image_is_a_file_before_the_next_turn_and_is_read_as_a_chain(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = make_turns(
        darker, plan(str(pictures), "chain", 3, PROMPTS), 3, out, {"editor": "darker", "protocol": "chain"}, quiet=True
    )
    assert (made.turns, made.failures) == (9, ())
    turns = read_turns(out)
    assert (turns.name, turns.problems, turns.facts["protocol"]) == ("darker", (), "chain")
    assert [chain.id for chain in turns.chains] == ["0", "1", "2"]
    assert [int(np.asarray(Image.open(turn.image))[0, 0]) for turn in turns.chains[2].turns.values()] == [100, 99, 98, 97]
    assert turns.chains[2].turns[2].instruction == PROMPTS.edits[1].do


def test_an_interrupt_loses_nothing_and_more_turns_go_on(pictures: Path, tmp_path: Path) -> None:
    """Stopped in the middle of the second image, called again, then called for one more turn: every image is made once."""
    out, asked = tmp_path / "out", []

    def stopping(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        asked.append(seed)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return darker(image, edit, seed)

    facts = {"editor": "darker"}
    with pytest.raises(KeyboardInterrupt):
        make_turns(stopping, plan(str(pictures), "hold", 3, PROMPTS), 3, out, facts, quiet=True)
    assert len([*out.rglob("turn*.png")]) == 2 + 4
    assert read_turns(out).chains[0].turns.keys() == {0, 1, 2, 3}
    make_turns(stopping, plan(str(pictures), "hold", 3, PROMPTS), 3, out, facts, quiet=True)
    assert len(asked) == 9 + 1
    made = make_turns(stopping, plan(str(pictures), "hold", 4, PROMPTS), 4, out, facts, quiet=True)
    assert (len(asked), made.turns) == (9 + 1 + 3, 12)
    assert len(set(asked)) == 12  # one seed for each request, and the interrupted one asked again


def test_another_folder_data_or_editor_is_refused(pictures: Path, tmp_path: Path) -> None:
    out, planned = tmp_path / "out", plan(str(pictures), "hold", 1, PROMPTS)
    make_turns(darker, planned, 1, out, {"editor": "darker"}, quiet=True)
    with pytest.raises(UsageError, match="was made with editor 'darker', not 'lighter'"):
        make_turns(darker, planned, 1, out, {"editor": "lighter"}, quiet=True)
    with pytest.raises(UsageError, match="holds other files"):
        make_turns(darker, planned, 1, pictures, {"editor": "darker"}, quiet=True)
    Image.new("L", (12, 10), 200).save(pictures / "1.png")
    assert make_turns(darker, planned, 1, out, {"editor": "darker"}, quiet=True).failures[0].startswith("1: ")


def test_a_chain_that_fails_is_a_line_and_three_in_a_row_end_the_work(pictures: Path, tmp_path: Path) -> None:
    def refusing(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        if np.asarray(image).max() < limit:
            raise UsageError("no.")
        return image

    limit = 49
    planned = plan(str(pictures), "hold", 2, PROMPTS)
    made = make_turns(refusing, planned, 2, tmp_path / "one", {}, quiet=True)
    assert (made.failures, made.turns) == (("0: no.",), 4)
    limit = 255
    with pytest.raises(UsageError, match=r"3 chains in a row failed, the last with: 2: no\. 0 images are kept"):
        make_turns(refusing, planned, 2, tmp_path / "all", {}, quiet=True)


def test_other_requests_are_refused_and_lines_of_other_chains_stay(pictures: Path, tmp_path: Path) -> None:
    """Images made for other instructions are not taken for these; an interrupted call keeps the lines that it did not reach."""
    out = tmp_path / "out"
    make_turns(darker, plan(str(pictures), "chain", 2, PROMPTS), 2, out, {}, quiet=True)
    (tmp_path / "prompts.toml").write_text(WORDS)
    with pytest.raises(UsageError, match=r"turn1\.png' was made for 'Make it look like an evening\.', not 'a'"):
        make_turns(darker, plan(str(pictures), "chain", 2, load_prompts(tmp_path / "prompts.toml")), 2, out, {}, quiet=True)

    def stopping(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_turns(stopping, plan(str(pictures), "chain", 3, PROMPTS), 3, out, {}, quiet=True)
    assert [chain.id for chain in read_turns(out).chains] == ["0", "1", "2"]


def test_a_picture_that_cannot_be_read_ends_its_own_chain_only(pictures: Path, tmp_path: Path) -> None:
    (pictures / "1.png").write_bytes((pictures / "1.png").read_bytes()[:40])
    (pictures / "._2.png").write_bytes(b"of another system")
    made = make_turns(darker, plan(str(pictures), "hold", 2, PROMPTS), 2, tmp_path / "out", {}, quiet=True)
    assert made.turns == 4
    assert len(made.failures) == 1 and made.failures[0].startswith("1: cannot read the image")


def test_names_that_would_be_other_files_or_lose_spaces(pictures: Path, tmp_path: Path) -> None:
    for name in ("run.json.png", " spaces .png"):
        Image.new("L", (12, 10), 90).save(pictures / name)
    make_turns(darker, plan(str(pictures), "hold", 1, PROMPTS), 1, tmp_path / "out", {}, quiet=True)
    turns = read_turns(tmp_path / "out")
    assert len(turns.chains) == 5 and turns.problems == ()


def test_more_pictures_leave_the_edits_of_the_others_as_they_were(pictures: Path) -> None:
    before = {chain.id: chain.turns[0].edit for chain in plan(str(pictures), "there-and-back", 2, PROMPTS).chains()}
    Image.new("L", (12, 10), 9).save(pictures / "000.png")
    after = {chain.id: chain.turns[0].edit for chain in plan(str(pictures), "there-and-back", 2, PROMPTS).chains()}
    assert {name: after[Path(name).stem] for name in before} == before


def test_a_second_answer_has_another_seed_and_the_same_source(pictures: Path, tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def drawing(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        asked.append((int(np.asarray(image)[0, 0]), seed))
        return Image.new("L", image.size, seed % 256)

    make_turns(drawing, plan(str(pictures), "hold", 2, PROMPTS, 1), 2, tmp_path / "out", {}, answers=2, quiet=True)
    assert asked[0][0] == asked[1][0] == 0
    assert asked[2][0] == asked[3][0] == asked[0][1] % 256
    assert len({seed for _, seed in asked}) == 4
    with (tmp_path / "out" / "turns.csv").open() as file:
        assert [row["again"] for row in csv.DictReader(file)] == ["", "0/again1.png", "0/again2.png"]
