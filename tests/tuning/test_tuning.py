"""Tuning: what is made better, at what cost, and a study that loses nothing and mixes nothing."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from viceversa.errors import UsageError
from viceversa.evaluation.judge import Judge
from viceversa.metrics.chain_protocol import Way, translating
from viceversa.recipes import builder, dataset_of, recipe_named
from viceversa.recipes.settings import Recipe
from viceversa.training.run import updated
from viceversa.tuning.axes import axes_of
from viceversa.tuning.goal import METRICS, meter_of
from viceversa.tuning.operations import equal_steps, operations
from viceversa.tuning.search import SearchPlan, search
from viceversa.tuning.study import Studio, study_opened

TINY = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4, "training.batch": 4, "training.steps": 4}


def tiny(**changes: Any) -> Recipe[Any]:
    return updated(recipe_named("multicyclic"), TINY | {name.replace("__", "."): value for name, value in changes.items()})


def test_metrics_have_a_better_end_and_an_independent_judge() -> None:
    assert METRICS["psnr_to_truth"] == METRICS["changed_accuracy"] == "maximize"
    assert METRICS["kernel"] == METRICS["frechet"] == METRICS["l1_outside"] == "minimize"
    assert not {"perceptual_to_source", "l1_to_source", "kernel_std", "own_accuracy_bits"} & set(METRICS)


def test_the_page_that_the_help_names_lists_every_metric() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "tuning.md").read_text()
    better = {"maximize": "higher", "minimize": "lower"}
    for name, side in METRICS.items():
        assert f"`{name}`" in next(line for line in page.splitlines() if f"{better[side]} is better" in line), name


@pytest.mark.parametrize(
    ("recipe", "objectives"),
    [
        ("stargan", ["inv2.psnr_to_truth", "inv0.ssim_to_truth", "rec1.psnr_to_truth", "step1.psnr_to_truth", "inv1.kept_accuracy",
                     "inv2.changed_accuracy", "inv2.label_accuracy", "inv1.l1_outside", "rec2.kernel"]),
        ("cyclegan", ["inv2.psnr_to_truth", "rec0.ssim_to_truth", "rec2.psnr_to_truth", "inv1.changed_accuracy"]),
    ],
)  # fmt: skip
def test_an_objective_is_what_an_evaluation_measures(recipe: str, objectives: list[str]) -> None:
    settings = {name: value for name, value in TINY.items() if name.startswith("method")}
    made = updated(recipe_named(recipe), settings)
    dataset = dataset_of(made)
    translate = builder(made)(dataset.space).translate
    meters = [meter_of(dataset, name, 6, quiet=True) for name in objectives]
    labeller = next(meter.labeller for meter in meters if meter.labeller)
    judge = Judge(meters[0].task, labeller, Way(2, int(recipe == "stargan")))
    rows = {
        (row.direction, row.cycles, row.chain): row for row in judge.assess("m", translating(translate), lambda images: None).rows
    }
    for meter in meters:
        place = meter.objective.place
        expected = vars(rows[place.direction, place.cycles, "8bit"])[meter.objective.metric]
        assert meter.measured(translate) == pytest.approx(expected, rel=1e-6), meter.objective.name


@pytest.mark.parametrize(
    ("name", "samples", "said"),
    [
        ("psnr", 6, r"a dot and a metric, such as inv3\.psnr_to_truth"),
        ("inv3.psnr_to_the_truth", 6, "Did you mean 'psnr_to_truth'"),
        ("inv11.psnr_to_truth", 6, "inv11 cannot be measured: 0 to 10 can"),
        ("step0.psnr_to_truth", 6, "step0 cannot be measured: 1 to 10 can"),
        ("inv3.perceptual_to_source", 6, "unknown metric 'perceptual_to_source'"),
        ("inv3.psnr_to_truth", 1, "1 samples are too few"),
    ],
)
def test_an_objective_that_is_none_is_refused(name: str, samples: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        meter_of(dataset_of(recipe_named("stargan")), name, samples)


def test_the_default_objective_is_nearness_to_the_true_edit_and_else_accuracy() -> None:
    dataset = dataset_of(recipe_named("stargan"))
    assert meter_of(dataset, None, 6).objective.name == "inv3.psnr_to_truth"
    assert meter_of(dataset, None, 6).task.split == "validation"
    without = type(dataset)(dataset.name, dataset.space, dataset.splits)
    assert meter_of(without, None, 6, quiet=True).objective.name == "inv3.changed_accuracy"


def test_operations_grow_evenly_with_extra_cycles_and_with_the_batch() -> None:
    base = tiny(multicycle__extra=())
    dataset = dataset_of(base)
    none, one, three = (operations(updated(base, {"multicycle.extra": (0.5,) * count}), dataset) for count in (0, 1, 3))
    assert three - none == pytest.approx(3 * (one - none))
    assert operations(updated(base, {"training.batch": 12}), dataset) == pytest.approx(3 * none)
    assert equal_steps(updated(base, {"multicycle.extra": (0.5,)}), updated(base, {"training.steps": 1000}), dataset) == round(
        1000 * none / one
    )


def rows_of(folder: Path) -> list[dict[str, str]]:
    """trials.csv, but for the seconds."""
    with (folder / "trials.csv").open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def test_a_search_begins_with_the_recipe_and_keeps_it_and_the_best(tmp_path: Path) -> None:
    texts = ["multicycle.cycles=0..2", "multicycle.first=0.1..1:log", "method.learning-rate=1e-3..1e-1:log", "method.width=4|5"]
    plan = SearchPlan(axes_of(tiny(), texts), samples=4, checks=1)
    search(plan, tmp_path, trials=2)
    findings = search(plan, tmp_path, trials=4)
    rows = rows_of(tmp_path)
    assert [row["trial"] for row in rows] == ["0", "1", "2", "3"]
    own = rows[0]
    assert (own["multicycle.cycles"], own["multicycle.first"], own["multicycle.extra"]) == ("3", "0.25", "0.25 0.125 0.0625")
    assert all(len({row[name] for row in rows}) == 4 for name in ("method.learning_rate", "inv3.psnr_to_truth"))
    assert {row["method.width"] for row in rows} == {"4", "5"} and all(row["steps"] == "4" for row in rows)
    best = max(rows, key=lambda row: float(row["inv3.psnr_to_truth"]))["trial"]
    kept = {int(path.name) for path in (tmp_path / "trials").iterdir() if not path.name.startswith(".")}
    assert kept == {0, int(best)} and findings.best[0].number == int(best)
    assert (tmp_path / "tuning.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"begun with objective = 'inv3.psnr_to_truth', not 'inv1.psnr_to_truth'"):
        search(SearchPlan(plan.axes, "inv1.psnr_to_truth", 4, 1), tmp_path)
    with pytest.raises(UsageError, match=r"begun with search.multicycle.first = '0.1..1.0:log', not None"):
        search(SearchPlan(axes_of(tiny(), ["multicycle.cycles=0..2"]), samples=4, checks=1), tmp_path)


def test_trials_of_equal_operations_have_fewer_steps_where_chains_are_longer(tmp_path: Path) -> None:
    plan = SearchPlan(
        axes_of(tiny(training__steps=12, multicycle__extra=()), ["multicycle.extra=0.5|0.5,0.25"]),
        "inv0.psnr_to_truth",
        4,
        1,
        "operations",
    )
    search(plan, tmp_path, trials=2)
    own, longer = rows_of(tmp_path)
    assert own["steps"] == "12" and 3 <= int(longer["steps"]) <= 8
    assert own["multicycle.extra"] == "none" and longer["multicycle.extra"] in ("0.5", "0.5 0.25")


def test_a_trial_below_the_median_is_given_up(tmp_path: Path) -> None:
    plan = SearchPlan(axes_of(tiny(), ["method.cycle=5..20"]), samples=4, checks=2)
    search(plan, tmp_path, trials=1)
    study = optuna.load_study(study_name="tuning", storage=f"sqlite:///{tmp_path}/study.sqlite")
    good = {"settings": {}, "steps": 4}
    for _ in range(5):
        ended = optuna.create_trial(value=99.0, intermediate_values={1: 99.0, 2: 99.0}, user_attrs=good)
        study.add_trial(ended)
    search(plan, tmp_path, trials=7)
    last = rows_of(tmp_path)[-1]
    assert (
        last["state"] == "given up" and last["inv3.psnr_to_truth"] == "" and last["check 2"] == "" and float(last["check 1"]) < 99
    )
    assert rows_of(tmp_path)[0]["state"] == "done", "the recipe as it is goes to its end"


def test_settings_that_diverge_end_their_trial_and_not_the_search(tmp_path: Path) -> None:
    plan = SearchPlan(axes_of(tiny(), ["method.learning-rate=1e25|1e26"]), samples=4, checks=1)
    findings = search(plan, tmp_path, trials=3)
    assert [row["state"] for row in rows_of(tmp_path)] == ["done", "diverged", "diverged"]
    assert findings.trials[0].params == {}, "its own rate is not among the choices, and is taken all the same"
    assert rows_of(tmp_path)[0]["method.learning_rate"] == "0.001"
    assert "own, 0" in findings.table() and findings.importances() == {}


def studio(folder: Path, storage: str | None = None) -> Any:
    return study_opened(folder, storage, search={"objective": "x"}, own={}, better="maximize", seed=0)


def states(one: Studio) -> list[str]:
    return [trial.state.name for trial in one.study.trials]


def test_a_trial_belongs_to_one_living_process(tmp_path: Path) -> None:
    with studio(tmp_path) as one, studio(tmp_path) as other:
        first, second = one.next_trial(3), other.next_trial(3)
        assert (first.number, second.number) == (0, 1)
        assert first.user_attrs == {"own": True} and second.user_attrs == {}
        other._locks[1].release()  # as when its process dies
        again = one.next_trial(3)
        assert again.number == 1, "what was broken off goes on first"
        assert one.next_trial(3).number == 2 and other.next_trial(3) is None
        one.finish(first, 1.0, TrialState.COMPLETE)
        assert other.best is not None and other.best.number == 0 and states(one) == ["COMPLETE", "RUNNING", "RUNNING"]


def test_folders_that_share_a_database_leave_each_other_s_trials_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    with studio(tmp_path / "a" / "s", url) as one, studio(tmp_path / "b" / "s", url) as other:
        first = one.next_trial(9)
        one._locks[first.number].release()
        assert other.next_trial(9).number == 1, "trial 0 is of a folder that is not here"
        assert one.next_trial(9).number == 0


def test_folders_that_ask_at_the_same_moment_make_no_trial_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    with studio(tmp_path / "a" / "s", url) as one, studio(tmp_path / "b" / "s", url) as other:
        ask = one.study.ask

        def late() -> Any:
            """The other folder takes a trial between this one's count and its question."""
            taken = other.next_trial(1)
            assert taken is not None and taken.number == 0
            return ask()

        monkeypatch.setattr(one.study, "ask", late)
        assert one.next_trial(1) is None and states(one) == ["RUNNING", "WAITING"]
        monkeypatch.undo()
        assert one.next_trial(1) is None and other.next_trial(1) is None
        assert other.next_trial(2).number == 1, "what was put back is the next one"
        assert states(one) == ["RUNNING", "RUNNING"]


def test_values_of_many_trials_say_what_mattered(tmp_path: Path) -> None:
    axes = axes_of(tiny(), ["method.cycle=5..20", "method.gamma=0..2"])
    findings = search(SearchPlan(axes, samples=4, checks=1), tmp_path, trials=1)
    for number in range(24):
        trial: FrozenTrial = optuna.create_trial(
            value=100.0 - abs(number % 8 - 3),
            params={"method.cycle": 5.0 + 2 * (number % 8), "method.gamma": number * 7 % 20 / 10},
            distributions={name: optuna.distributions.FloatDistribution(axis.low, axis.high) for name, axis in
                           ((axis.name, axis) for axis in axes.axes)},
            user_attrs={"settings": {"method.cycle": 5.0 + 2 * (number % 8)}, "steps": 4},
        )  # fmt: skip
        findings.studio.study.add_trial(trial)
    shares = findings.importances()
    assert shares["method.cycle"] > 0.8 and sum(shares.values()) == pytest.approx(1)
    assert "how much each setting decides whether a trial is among the best quarter: method.cycle" in findings.table()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"checks": 5}, "`checks=5`: give a number from 1 to the number of training steps, 4"),
        ({"checks": 0}, "checks=0"),
        ({"equal": "operations"}, "with `equal='operations'`, the search computes training.steps"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        search(SearchPlan(axes_of(tiny(), ["training.steps=2..8"]), **changes), tmp_path / "no")
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("url", ["nonsense", "postgresql://me:secret@host/db", "sqlite:////nowhere/at/all.db"])
def test_a_storage_that_cannot_be_used_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="cannot open the database of `storage`") as error, studio(tmp_path, url):
        pass
    assert "secret" not in str(error.value) and "\n" not in str(error.value)
    with studio(tmp_path) as corrected:
        assert corrected.best is None, "what could not begin is not in the way"


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(UsageError, match="is in use and holds no search"), studio(tmp_path):
        pass
