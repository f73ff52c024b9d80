"""Drift measured from folders of images, from end to end: what goes in is known, so is what must come out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import viceversa as vv
from viceversa.data.sources import open_dataset
from viceversa.device import CPU
from viceversa.multiturn import stored
from viceversa.multiturn.drift import reader
from viceversa.multiturn.report import CARD, NUMBERS, PAGE, VALUES, DriftReport

TURNS = 4
Edit = Callable[[np.ndarray, int], np.ndarray]


def source(number: int) -> np.ndarray:
    """A picture of its own for each number: (32, 32, 3), values from 40 to 200."""
    return np.random.default_rng(number).integers(40, 200, (8, 8, 3)).repeat(4, 0).repeat(4, 1).astype(np.uint8)


def folder_of(folder: Path, edit: Edit, chains: int = 3, turns: int = TURNS) -> Path:
    """Chains in which turn k is edit(source, k)."""
    for number in range(chains):
        place = folder / f"chain{number}"
        place.mkdir(parents=True)
        for turn in range(turns + 1):
            Image.fromarray(edit(source(number), turn) if turn else source(number)).save(place / f"turn{turn}.png")
    return folder


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("folders") / "identity", lambda image, turn: image)


@pytest.fixture(scope="module")
def brighter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("folders") / "brighter", lambda image, turn: image + np.uint8(turn))


@pytest.fixture(scope="module")
def both(identity: Path, brighter: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[DriftReport, Path]:
    """A report of both, and its folder."""
    out = tmp_path_factory.mktemp("report")
    return vv.drift([identity, brighter], out=out, side=64, quiet=True), out


def means(report: DriftReport, editor: int, reference: str, measure: str) -> list[float | None]:
    found = [report.editors[editor].mean(reference, measure, turn) for turn in range(1, TURNS + 1)]  # type: ignore[arg-type]
    return [None if each is None else round(each.mean, 6) for each in found]


def test_an_editor_that_changes_nothing_is_at_zero(both: tuple[DriftReport, Path]) -> None:
    for reference in ("source", "first", "previous"):
        expected: list[float | None] = [0.0] * TURNS
        if reference == "first":
            expected[0] = None  # turn 1 is the reference itself
        for measure in ("l1", "color_shift", "perceptual_lite0"):
            assert means(both[0], 0, reference, measure) == expected
        assert set(means(both[0], 0, reference, "psnr")) <= {100.0, None}
    assert both[0].editors[0].slope("source", "l1").mean == 0  # type: ignore[union-attr]


def test_one_level_a_turn(both: tuple[DriftReport, Path]) -> None:
    """1, 2, 3, 4 levels from the source, 1, 2, 3 from turn 1, always 1 from the turn before; a slope of 1 and a first step of 1."""
    assert means(both[0], 1, "source", "l1") == [1, 2, 3, 4]
    assert means(both[0], 1, "first", "l1") == [None, 1, 2, 3]
    assert means(both[0], 1, "previous", "l1") == [1, 1, 1, 1]
    assert means(both[0], 1, "source", "psnr_high") == [100] * TURNS
    assert both[0].editors[1].slope("source", "l1").mean == pytest.approx(1)  # type: ignore[union-attr]
    assert both[0].editors[1].mean("source", "l1", 1).mean == 1  # type: ignore[union-attr]


def test_the_report_has_numbers_a_page_and_a_card(both: tuple[DriftReport, Path]) -> None:
    report, out = both
    numbers = json.loads((out / NUMBERS).read_text())
    last = next(row for row in numbers["editors"][1]["rows"] if row.get("turn") == TURNS and row.get("to") == "source")
    assert last["l1"] == {"mean": 4.0, "low": 4.0, "high": 4.0}
    difference = next(each for each in numbers["differences"] if each["measure"] == "l1" and each["what"] == f"turn {TURNS}")
    assert difference["interval"]["mean"] == 4
    card = json.loads((out / CARD).read_text())["model-index"]
    assert card[1]["results"][0]["metrics"][0] == {"type": "l1", "value": 4.0, "name": f"l1 to the source after {TURNS} turns"}
    page = (out / PAGE).read_text()
    assert page.count("<svg") >= 5
    better = {"L1 to the source": "lower", "PSNR to the source": "higher", "SSIM to the source": "higher", "collapse rate": "lower"}
    assert all(f"<figcaption>{title} <small>{which} is better" in page for title, which in better.items())
    assert page.count("data:image/png;base64,") == 3 * 2 * (TURNS + 1)
    assert "brighter is farther from the source than identity: +4.00 levels" in page
    assert "the mean color moves by 4.0 levels" in report.table()


def test_what_was_measured_is_kept_and_an_image_that_changed_is_measured_again(
    brighter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call measures the one chain that changed; a line that an interrupt cut off counts for nothing."""
    folder = folder_of(tmp_path / "copy", lambda image, turn: image + np.uint8(turn))
    vv.drift(folder, out=tmp_path / "out", side=32, quiet=True)
    lines = (tmp_path / "out" / VALUES).read_text().split("\n")
    (tmp_path / "out" / VALUES).write_text("\n".join([*lines[:-1], lines[-1][:50]]))
    Image.fromarray(source(0)).save(folder / "chain0" / "turn4.png")
    measured = []
    genuine = stored.measure_chain
    monkeypatch.setattr(stored, "measure_chain", lambda chain, *rest: measured.append(chain.id) or genuine(chain, *rest))
    report = vv.drift(folder, out=tmp_path / "out", side=32, overwrite=True, quiet=True)
    assert sorted(measured) == ["chain0", "chain2"]
    assert report.editors[0].values("source", "l1")[:, 3].tolist() == [0, 4, 4]


def test_a_truth_a_mask_and_a_second_answer(tmp_path: Path) -> None:
    """Turn 1 should add 10 to the left half and adds 8 to all; the second answer adds 6; turn 2 undoes what turn 1 should do."""
    place = tmp_path / "set" / "one"
    place.mkdir(parents=True)
    start = source(0)
    asked = start.copy()
    asked[:, :16] += 10
    mask = np.zeros((32, 32), np.uint8)
    mask[:, :16] = 255
    files = {"turn0": start, "turn1": start + np.uint8(8), "again1": start + np.uint8(6), "truth1": asked, "mask1": mask}
    files |= {"turn2": start + np.uint8(9), "truth2": start, "mask2": mask}
    for name, pixels in files.items():
        Image.fromarray(pixels).save(place / f"{name}.png")
    report = vv.drift(tmp_path / "set", side=32, quiet=True)
    turns = report.editors[0].chains[0].turns
    assert turns[1].distances["truth"]["l1"] == pytest.approx((2 + 8) / 2)
    assert turns[1].distances["again"]["l1"] == 2
    assert turns[1].distances["source"]["l1_outside"] == 8
    assert turns[2].distances["previous"]["l1_inside"] == 1
    # nearest truth of the chain: turn 1 is 5 from its own and 8 from the source; turn 2 is 9 from its own and 5 from turn 1's
    assert [turns[1].right, turns[2].right] == [True, False]


def test_without_masks_the_ground_truth_says_where_an_edit_is(tmp_path: Path) -> None:
    place = tmp_path / "set" / "one"
    place.mkdir(parents=True)
    start, truth = source(0), source(0)
    truth[:8] += 20
    for name, pixels in {"turn0": start, "turn1": start + np.uint8(3), "truth1": truth}.items():
        Image.fromarray(pixels).save(place / f"{name}.png")
    distances = vv.drift(tmp_path / "set", side=32, quiet=True).editors[0].chains[0].turns[1].distances
    assert distances["source"]["l1_inside"] == distances["source"]["l1_outside"] == 3


def test_a_size_that_changes_follows_the_rule_and_is_said(tmp_path: Path) -> None:
    """Turn 2 is twice as large: resized back, the blocks differ at their borders only."""
    folder = folder_of(tmp_path / "set", lambda image, turn: image.repeat(turn, 0).repeat(turn, 1), turns=2)
    report = vv.drift(folder, side=32, quiet=True)
    assert means(report, 0, "source", "l1")[0] == 0
    assert 0 < means(report, 0, "source", "l1")[1] < 8  # type: ignore[operator]
    assert "3 chains change their size" in report.table()


def test_a_collapse_is_seen(tmp_path: Path) -> None:
    """From turn 2 on the editor returns another chain's source."""
    report = vv.drift(folder_of(tmp_path / "set", lambda image, turn: source(9) if turn > 1 else image), side=64, quiet=True)
    assert report.editors[0].collapsed.mean(0).tolist()[0] == 0
    assert report.value(report.editors[0], "collapse_rate") > 0.3  # type: ignore[operator]
    assert "have collapsed" in report.verdict


def test_one_stray_late_turn_is_one_line_and_no_thousand(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", lambda image, turn: image, turns=2)
    Image.fromarray(source(0)).save(folder / "chain0" / "turn9999.png")
    report = vv.drift(folder, out=tmp_path / "out", side=32, quiet=True)
    assert report.editors[0].last == 2
    assert len(report.table().splitlines()) < 40


def test_a_folder_s_own_words_lead_nowhere(tmp_path: Path) -> None:
    """run.json may be anybody's: a data set that is not built in is not opened, and a size that is no number does no harm."""
    folder = folder_of(tmp_path / "set", lambda image, turn: image, chains=1, turns=1)
    rows = [f"chain0,{turn},chain0/turn{turn}.png,glasses=yes" for turn in range(2)]
    (folder / "turns.csv").write_text("\n".join(["id,turn,file,asked", *rows]))
    for data, size in (("/etc", "64"), ("hf:somebody/something", "x"), ("nosuch", "-1")):
        (folder / "run.json").write_text(json.dumps({"editor": "e", "data": data, "size": size}))
        assert vv.drift(folder, side=32, quiet=True).editors[0].chains[0].turns[1].right is None


def test_a_labeller_tells_two_spaces_apart() -> None:
    """What turns between two spaces ask for is the name of a space."""
    reads = reader("avatars:glasses", 32, CPU, quiet=True)
    assert reads is not None
    test = open_dataset("avatars:glasses", 32).splits["test"]
    for name in ("plain", "glasses"):
        images = [np.asarray(each) for each in test[name].pixels[:10]]
        for asked in ("plain", "glasses"):
            assert sum(reads(image, f"space={asked}") for image in images) == (10 if asked == name else 0)


def test_nothing_measured_is_an_error(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", lambda image, turn: image, chains=1, turns=1)
    whole = (folder / "chain0" / "turn0.png").read_bytes()
    (folder / "chain0" / "turn0.png").write_bytes(whole[:-40])
    with pytest.raises(vv.UsageError, match=r"nothing could be measured: .*turn0\.png"):
        vv.drift(folder, side=32, quiet=True)


def test_hold_alone_says_nothing_of_success(tmp_path: Path) -> None:
    """The source is the truth of every turn, so no other truth could be nearer, whatever the editor does."""
    folder = folder_of(tmp_path / "set", lambda image, turn: 255 - image, chains=2, turns=2)
    for place in folder.iterdir():
        for turn in (1, 2):
            (place / f"truth{turn}.png").write_bytes((place / "turn0.png").read_bytes())
    assert np.isnan(vv.drift(folder, side=32, quiet=True).editors[0].success).all()


def test_limits(both: tuple[DriftReport, Path]) -> None:
    report = both[0]
    assert report.above(["l1=4.5"]) == []
    assert report.above(["l1=3.5", "l1@2=1.5", "collapse_rate=0.5"]) == [
        "brighter: l1 is 4, above 3.5.", "brighter: l1 is 2, above 1.5.",
    ]  # fmt: skip
    for limit, said in {
        "l1": "not of the form", "psnr=3": "higher values of psnr are better", "sharpness=1": "unknown measure 'sharpness'",
        "l1=much": "'much' is not a finite number", "l1@9=1": "has no l1 after turn 9",
            "l1@0=1": "turn 0 is the source", "l1_inside=1": "has no l1_inside",
    }.items():  # fmt: skip
        with pytest.raises(vv.UsageError, match=said):
            report.above([limit])


def test_names_of_editors(identity: Path, brighter: Path) -> None:
    assert [each.name for each in vv.drift({"a": identity, "b": brighter}, side=32, quiet=True).editors] == ["a", "b"]
    assert [each.name for each in vv.drift(f"mine={identity}", side=32, quiet=True).editors] == ["mine"]
    nothing = "no folder"
    cases = (
        ([identity, identity], "two editors are called 'identity'"),
        ([], nothing),
        (["=x"], "NAME=FOLDER"),
        ("", nothing),
        ([5], nothing),
    )
    for folders, said in cases:
        with pytest.raises(vv.UsageError, match=said):
            vv.drift(folders, quiet=True)  # type: ignore[arg-type]


def test_a_report_is_not_replaced_unasked(both: tuple[DriftReport, Path], identity: Path) -> None:
    with pytest.raises(vv.UsageError, match="holds a report already"):
        vv.drift(identity, out=both[1], quiet=True)


def test_an_id_with_markup_is_escaped_and_a_broken_file_is_one_line(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", lambda image, turn: image, chains=2, turns=2)
    (folder / "chain0").rename(folder / "<img src=x onerror=alert(1)>")
    whole = (folder / "chain1" / "turn1.png").read_bytes()
    (folder / "chain1" / "turn1.png").write_bytes(whole[:-40])
    report = vv.drift(folder, out=tmp_path / "out", side=32, quiet=True)
    page = (tmp_path / "out" / PAGE).read_text()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert len(report.problems) == 1
    assert "turn1.png" in report.problems[0]
    assert sorted(report.editors[0].chains[0].turns) == [1, 2] or sorted(report.editors[0].chains[1].turns) == [1, 2]
