"""A table with a column `identity`, from files to a report: what is known of the truth is measured, and said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli.own import exit_code
from viceversa.data.sets.avatars import labels_of, render
from viceversa.metrics import labeller_training

ASKED = ("--size", "16", "--cycles", "1", "--out", "report")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 2)
    monkeypatch.chdir(tmp_path)


def photographed(lacking: int, titles: str = "file,split,identity,glasses") -> None:
    """Twelve avatars without glasses and with them, at 16 px; the last so many lack the picture with glasses."""
    lines = [titles]
    for person in range(12):
        split = "train" if person < 4 else "validation" if person < 6 else "test"
        for number, word in enumerate(("no", "yes") if person < 12 - lacking else ("no",)):
            label = labels_of([person])
            label[:, 3] = number
            file = f"{person}-{word}.png"
            Image.fromarray(render([person], label, 16)[0]).save(file)
            lines.append(f"{file},{split},p{person},{word}")
    Path("people.csv").write_text("\n".join(lines) + "\n")


def pixels(file: str) -> np.ndarray:
    return np.asarray(Image.open(file), np.float64)


def psnr(file: str, other: str) -> float:
    return float(10 * np.log10(255**2 / np.mean((pixels(file) - pixels(other)) ** 2)))


def rows(model: str, direction: str) -> list[dict[str, object]]:
    report = json.loads(Path("report/metrics.json").read_text())
    return [row for row in report["rows"] if (row["model"], row["direction"], row["chain"]) == (model, direction, "8bit")]


def test_a_report_has_the_truth_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Two of six test persons have one picture: by hand over the eight of which the other is there."""
    photographed(lacking=2)
    Path("unchanging.py").write_text("def same(images, attributes):\n    return images\n")
    assert exit_code("compare", "one=unchanging:same", "two=unchanging:same", "--data", "people.csv", "--steps", "2", *ASKED) == 0
    said = capsys.readouterr()
    assert "identity: 12 identities, 22 images; ground truth for 80 % of the test images, with the opposite label" in said.err
    assert "ground truth: known for 8 of the images; PSNR, SSIM and L1 outside the edit are means over these" in said.out
    by_hand = np.mean([psnr(f"{person}-no.png", f"{person}-yes.png") for person in range(6, 10)])
    for model in ("floor", "one", "two"):
        for row in rows(model, "inv"):
            assert row["psnr_to_truth"] == pytest.approx(by_hand) and (row["samples"], row["known"]) == (10, 8)
    for row in rows("ceiling", "inv"):
        assert (row["psnr_to_truth"], row["samples"], row["known"]) == (100, 8, None)
    assert all(row["known"] is None for row in rows("one", "rec"))
    assert all(row["kernel_target"] is not None for row in rows("one", "step"))
    first, second = (row["success_rate"] for row in rows("one", "step"))
    assert 0 <= second <= first <= 1


def test_two_spaces_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    photographed(lacking=1)
    Path("unchanging.py").write_text("def same(images, spaces):\n    return images\n")
    assert exit_code("evaluate", "unchanging:same", "--data", "people.csv:glasses", *ASKED) == 0
    assert "ground truth for 83 % of the test images, of 'not-glasses' in 'glasses'" in capsys.readouterr().err
    by_hand = np.mean([psnr(f"{person}-no.png", f"{person}-yes.png") for person in range(6, 11)])
    (row, _) = rows("floor", "inv")
    assert row["psnr_to_truth"] == pytest.approx(by_hand) and row["known"] == 5
    text = Path("people.csv").read_text()
    Path("people.csv").write_text(text.replace("identity,glasses", "identity,space"))
    assert exit_code("evaluate", "unchanging:same", "--data", "people.csv:spaces", *ASKED, "--overwrite") == 0
    assert rows("floor", "inv")[0]["psnr_to_truth"] == pytest.approx(by_hand)


def test_a_leak_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    photographed(lacking=0)
    text = Path("people.csv").read_text()
    Path("people.csv").write_text(text.replace("0-yes.png,train", "0-yes.png,test"))
    assert exit_code("train", "stargan", "--data", "people.csv", "--size", "16", "--out", "run") == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert "'p0' in train and test" in line and "or remove both columns" in line
