"""Several trainings of one method as one: means and spreads by hand, in rows, differences, table, curves and page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError
from viceversa.evaluation.comparison import comparison_of
from viceversa.evaluation.differences import about, differences, in_words
from viceversa.evaluation.judge import Assessment
from viceversa.evaluation.report.contents import Report
from viceversa.evaluation.report.curves import curves
from viceversa.evaluation.seeds import check_groups, contenders, pooled
from viceversa.metrics.chain_protocol import Place, translating
from viceversa.metrics.rows import Row

PLACE = Place("inv", 0, "8bit")
EMPTY = Row("a", "inv", 0, "8bit", 3, None, None, {}, None, None, None, None, None, None, None, None, None)


def training(name: str, accuracies: list[float], kernel: float | None = None) -> Assessment:
    """One place; what each image got, and a kernel distance."""
    values = np.array(accuracies)
    row = replace(EMPTY, model=name, label_accuracy=float(values.mean()), kernel=kernel, accuracy_by_attribute={"hair": kernel})
    return Assessment([row], {PLACE: {"label_accuracy": values, "psnr_to_truth": 10 * values}})


FIRST, SECOND = training("a 1", [1, 0, 0], 0.5), training("a 2", [1, 1, 1], 0.7)


def test_a_group_is_the_mean_of_its_trainings() -> None:
    found = pooled("a", [FIRST, SECOND])
    (row,) = found.rows
    assert (row.model, row.seeds, row.samples) == ("a", 2, 3) and row.title == "a (2 seeds)"
    assert row.label_accuracy == pytest.approx(2 / 3) and row.kernel == pytest.approx(0.6)
    assert row.accuracy_by_attribute == {"hair": pytest.approx(0.6)}
    # of 1/3 and 1, and of .5 and .7: the difference over the root of 2
    assert row.spread["label_accuracy"] == pytest.approx(2 / 3 / 2**0.5)
    assert row.spread["kernel"] == row.spread["accuracy hair"] == pytest.approx(0.2 / 2**0.5)
    assert "frechet" not in row.spread and row.frechet is None
    assert found.per_image[PLACE]["label_accuracy"].tolist() == [1, 0.5, 0.5]
    assert row.intervals["label_accuracy"] == (0.5, pytest.approx(5 / 6, abs=0.17)), "over images, of the mean of trainings"


def test_one_training_has_no_spread_and_what_is_undefined_for_one_is_so_for_all() -> None:
    (alone,) = pooled("a", [FIRST]).rows
    assert alone.seeds == 1 and not alone.spread and alone.title == "a" and alone.label_accuracy == pytest.approx(1 / 3)
    (row,) = pooled("a", [FIRST, training("a 3", [1, 1, 1])]).rows
    assert row.kernel is None and "kernel" not in row.spread and "label_accuracy" in row.spread


def test_differences_pair_the_means_over_seeds_and_tell_their_spread() -> None:
    base = [training("b 1", [0, 0, 0]), training("b 2", [0.2, 0.2, 0.2])]
    measured = {name: each.per_image for name, each in zip(("b 1", "b 2", "a 1", "a 2"), [*base, FIRST, SECOND], strict=True)}
    (found,) = differences(measured, {"b": ["b 1", "b 2"], "a": ["a 1", "a 2"]})
    assert (found.model, found.base, found.metric, found.seeds, found.base_seeds) == ("a", "b", "psnr_to_truth", 2, 2)
    # image by image 10, 5, 5 less 1
    assert found.mean == pytest.approx(20 / 3 - 1) and found.low == pytest.approx(4) and found.is_clear
    # variances over seeds: of 10/3 and 10, and of 0 and 2
    assert found.spread == pytest.approx(((20 / 3) ** 2 / 2 + 2) ** 0.5)
    assert list(in_words([found])) == [("a", "inv: PSNR to the ground truth, in dB", ["+5.67 (+4.00 to +9.00)* ±4.92"])]
    assert "and ± covers other seeds (one standard deviation)" in about([found]) and "over seeds" in about([found])
    (single,) = differences({"b 1": measured["b 1"], "a 1": measured["a 1"]})
    assert single.spread is None and "over seeds" not in about([single]) and "One training of each" in about([single])


def test_groups_stand_where_their_first_model_stood() -> None:
    assessments = {"x": FIRST, "a 1": FIRST, "y": FIRST, "a 2": SECOND}
    assert list(contenders(assessments, {"a": ["a 1", "a 2"]}).items()) == [("x", ["x"]), ("a", ["a 1", "a 2"]), ("y", ["y"])]


def test_groups_that_cannot_be() -> None:
    models = ("a 1", "a 2", "b")
    check_groups({"a": ["a 1", "a 2"]}, models)
    for groups, said in (
        ({"b": ["a 1"]}, "'b' already names a model"),
        ({"floor": ["a 1"]}, "'floor' already names a model or another row of the report"),
        ({"a": []}, "'a' has no models"),
        ({"a": ["c"]}, "'c', which is not among the compared models"),
        ({"a": ["a 1"], "d": ["a 1"]}, "'a 1' is in 'a' and in 'd'"),
    ):
        with pytest.raises(UsageError, match=said):
            check_groups(groups, models)


def test_the_report_shows_groups_first_and_keeps_each_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, groups = open_dataset("avatars", 32), {"dim": ["dim 1", "dim 2"]}
    models = {
        "nothing": translating(lambda image, *_: image),
        "dim 1": translating(lambda image, *_: image * 0.9),
        "dim 2": translating(lambda image, *_: image * 0.7),
    }
    report = comparison_of(models, dataset, cycles=1, samples=4, quiet=True, groups=groups).report("seeds")
    rows = {(row.model, row.direction, row.cycles): row for row in report.rows if row.chain == "8bit"}
    values = [rows[name, "rec", 0].l1_to_source for name in ("dim 1", "dim 2")]
    mean = rows["dim", "rec", 0]
    assert mean.l1_to_source == pytest.approx(np.mean(values)) and mean.seeds == 2
    assert mean.spread["l1_to_source"] == pytest.approx(np.std(values, ddof=1))
    assert {each.model for each in report.differences} == {"dim"} and {each.base for each in report.differences} == {"nothing"}

    table = report.table()
    assert "  dim (2 seeds)" in table and "  dim 1" not in table and "dim: the mean of dim 1, dim 2" in table
    assert max(map(len, table.splitlines())) <= 100
    lines = table.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("  dim (2 seeds)"))
    assert lines[start + 1].split()[0].startswith("±"), "the spread is below the mean"

    report.save(tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["groups"] == groups and {row["model"] for row in metrics["rows"]} >= {"dim", "dim 1", "dim 2", "nothing"}
    page = (tmp_path / "report.html").read_text()
    assert "<small>±" in page and ">dim 1<" in page and "dim (here dim 1), inv" in page and "standard deviation over seeds" in page


def test_whiskers_are_the_spread_of_seeds() -> None:
    rows = [replace(EMPTY, cycles=number, label_accuracy=0.5, psnr_to_truth=20.0) for number in range(2)]
    spread = [replace(row, seeds=2, spread={"psnr_to_truth": 1.0}) for row in rows]
    alone, several = ({panel.title: svg for panel, svg in curves(each)} for each in (rows, spread))
    assert alone["Label accuracy, inv"] == several["Label accuracy, inv"]
    assert len(several["PSNR to truth, inv, in dB"]) > len(alone["PSNR to truth, inv, in dB"])


def test_other_names_with_the_official_networks(tmp_path: Path) -> None:
    row = replace(EMPTY, kernel=0.1, frechet=1.0, perceptual_to_source=0.2, frechet_target=1.0)
    report = Report("t", "inception-v3-compat", "d", True, [row], {})
    table = report.table()
    assert all(name in table for name in ("KID", "FID", "LPIPS")) and not any(name in table for name in ("kernel", "Fréchet"))
    report.save(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "KID x 1000, inv" in page and "FID to target" in page and "LPIPS to source" in page and "Fréchet" not in page
