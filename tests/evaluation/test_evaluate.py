"""vv.compare, vv.evaluate and vv.tune: what the command line can do, on whatever is at hand in Python."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import viceversa as vv
from viceversa.cli.compare import Compare
from viceversa.cli.evaluate import Evaluate
from viceversa.cli.options import Train, Tune
from viceversa.cli.studio import Studio


def nothing(pixels: np.ndarray, targets: Mapping[str, Any]) -> np.ndarray:
    return pixels


def darker(pixels: np.ndarray, targets: Mapping[str, Any]) -> np.ndarray:
    return pixels // 2


@pytest.mark.parametrize(
    ("options", "function", "called"),
    [
        (Compare, vv.compare, {}),
        (Evaluate, vv.evaluate, {}),
        (Studio, vv.studio, {}),
        (Tune, vv.tune, {}),
        (Train, vv.train, {"recipe": "what"}),
    ],
)
def test_every_option_of_a_command_is_an_argument_in_python(
    options: type, function: Callable[..., Any], called: dict[str, str]
) -> None:
    """By the same name, and where it has a default, by the same one."""
    arguments = inspect.signature(function).parameters
    for option in fields(options):
        name = called.get(option.name, option.name)
        assert name in arguments, (
            f"{function.__name__} has no argument {name!r}, which the command line has: add it, and pass it on"
        )
        if arguments[name].default not in (inspect.Parameter.empty, None):
            assert arguments[name].default == option.default


def test_models_functions_and_paths_are_compared(runs: Path, tmp_path: Path) -> None:
    run = runs / "labels"
    models = {"model": vv.load(run), "mean": [nothing, darker], "path": run}
    found = vv.compare(models, cycles=1, steps=1, probes=True, samples=12, quiet=True)
    assert {row.model for row in found.rows} >= {"model", "mean", "mean 1", "mean 2", "path"}
    assert {row.samples for row in found.rows} == {12} and {row.direction for row in found.rows} == {"inv", "rec", "step"}
    assert found.groups == {"mean": ["mean 1", "mean 2"]} and "model" in found.table()
    nearness = [{row.psnr_to_truth for row in found.rows if row.model == name} for name in ("model", "path")]
    assert nearness[0] == nearness[1]
    found.save(tmp_path)
    assert len(json.loads((tmp_path / "metrics.json").read_text())["rows"]) == len(found.rows)
    assert repr(found).startswith("Report(model, mean 1, mean 2, path on avatars-32-v1: ") and len(repr(found)) < 200


def test_one_function_is_evaluated_and_saved(tmp_path: Path) -> None:
    found = vv.evaluate(nothing, "avatars", size=32, cycles=0, samples=4, out=tmp_path, quiet=True)
    assert {row.model for row in found.rows} >= {"nothing", "floor"} and "avatars-32-v1" in found.title
    assert (tmp_path / "report.html").exists() and (tmp_path / "metrics.json").exists()


def test_a_function_that_fails_is_named_with_its_line() -> None:
    def broken(pixels: np.ndarray, targets: Mapping[str, Any]) -> np.ndarray:
        return targets["nothing"]

    with pytest.raises(vv.UsageError, match=r"^broken failed: KeyError in line \d+ of test_evaluate.py: 'nothing'\.$"):
        vv.evaluate(broken, "avatars", size=32, cycles=0, samples=4, quiet=True)


def test_a_report_is_not_replaced_unasked(tmp_path: Path) -> None:
    """Nothing is measured before it is refused: the model is none."""
    (tmp_path / "report.html").write_text("another")
    with pytest.raises(vv.UsageError, match="holds a report already: choose another folder with `out`, or replace it with"):
        vv.evaluate("runs/none", out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(vv.UsageError, match="'runs/none' is neither the folder of a run"):
        vv.evaluate("runs/none", out=tmp_path, overwrite=True)


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ([], "there is no model to measure"),
        ("runs/a", "models must be a list, or a dictionary"),
        ({"a": []}, "'a' has no model"),
        ({"floor": nothing}, "the report reserves the name 'floor'"),
        ([nothing, nothing, "nothing=a:b"], "'nothing' is named twice|is named twice"),
        ([3], "'3' is not a model: give a Model, a function, or a path"),
        ([nothing], r"name the test data, as in `data='avatars'`"),
        (["runs/none"], "'runs/none' is neither the folder of a run, a Python function"),
    ],
)
def test_what_is_no_model_is_named(models: Any, told: str) -> None:
    with pytest.raises(vv.UsageError, match=told):
        vv.compare(models, quiet=True)


def test_build_is_for_the_folder_of_a_run() -> None:
    with pytest.raises(vv.UsageError, match="leave out `build`"):
        vv.evaluate(nothing, "avatars", build=lambda space: None, quiet=True)  # type: ignore[arg-type, return-value]


def test_a_setting_of_another_project_is_answered_in_python(tmp_path: Path) -> None:
    asked: dict[str, Any]
    for asked, told in [
        ({"lr": 1e-3}, "'lr'. Here it is settings={'method.learning_rate': 0.001}."),
        ({"batch_size": 4}, "'batch_size'. Here it is batch=4."),
        ({"netG": "resnet_6blocks"}, "'netG'. Here it is settings={'method.blocks': ...}."),
        ({"name": "faces"}, "'name'. Here it is out=...."),
        ({"gpu": 1}, "'gpu'. There is none: choose the GPU by a variable before the command, as in CUDA_VISIBLE_DEVICES=1."),
        ({"checkpoint_evry": 10}, "'checkpoint_evry'. Did you mean checkpoint_every=10?"),
        ({"qqqqqq": 1}, "'qqqqqq'. The settings are name, data, "),
    ]:
        with pytest.raises(vv.UsageError) as error:
            vv.train("cyclegan", out=tmp_path / "run", **asked)
        assert str(error.value).startswith(f"unknown setting {told}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"trials": 0}, r"^`trials=0`: a search needs at least 1 trial"),
        ({"search": {"size": "32|64"}}, "size cannot be searched"),
        ({"search": ["method.cycle=1..2", "method.cycle=1..3"]}, "`search` names method.cycle twice"),
        ({"settings": {"method.wdth": 4}}, "unknown setting 'method.wdth'. Did you mean settings={'method.width': 4}"),
        ({"steps": 10, "checks": 11}, "^`checks=11`: give a number from 1 to the number of training steps, 10"),
    ],
)
def test_a_search_that_cannot_be_is_refused_in_python(asked: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(vv.UsageError, match=told):
        vv.tune("multicyclic", out=tmp_path / "search", **asked)
    assert not (tmp_path / "search").exists()
