"""What a search may change: read from the command line, checked, and made into settings."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from viceversa.errors import UsageError
from viceversa.recipes import recipe_named
from viceversa.training.run import updated
from viceversa.tuning.axes import Choice, Range, axes_of, weights

DERIVED = ("multicycle.cycles=0..4", "multicycle.first=0.05..1:log", "multicycle.decay=0.25..1")


def test_cycles_first_and_decay_make_the_weights() -> None:
    assert weights(3, 0.25, 0.5) == (0.25, 0.125, 0.0625)
    assert weights(0, 0.25, 0.5) == ()
    assert weights(2, 0.4, 1) == (0.4, 0.4)
    axes = axes_of(recipe_named("multicyclic"), DERIVED)
    drawn = {"multicycle.cycles": 2, "multicycle.first": 0.8, "multicycle.decay": 0.25}
    assert axes.settings(drawn) == {"multicycle.extra": (0.8, 0.2)}
    assert axes.settings({"multicycle.cycles": 4}) == {"multicycle.extra": (0.25, 0.125, 0.0625, 0.03125)}
    assert axes.own() == {"multicycle.cycles": 3, "multicycle.first": 0.25, "multicycle.decay": 0.5}


def test_a_recipe_stands_on_the_axes_that_mean_something_in_it() -> None:
    axes = axes_of(recipe_named("stargan"), DERIVED)
    assert axes.own() == {"multicycle.cycles": 0}
    assert axes.values_of(updated(axes.recipe, {"multicycle.extra": (0.3,)})) == {"multicycle.cycles": 1, "multicycle.first": 0.3}
    uneven = axes_of(updated(axes.recipe, {"multicycle.extra": (0.3, 0.2, 0.3)}), DERIVED)
    assert uneven.own() == {"multicycle.cycles": 3}, "no decay makes these weights"
    narrow = axes_of(recipe_named("multicyclic"), ["method.learning-rate=1e-4..5e-4:log", "method.critic-steps=2|1"])
    assert narrow.own() == {"method.critic_steps": "1"}, "1e-3 is out of reach"


def test_values_have_the_settings_own_types() -> None:
    texts = [
        "method.critic-steps=1|5", "method.blocks=1..4", "method.learning_rate=1e-4..3e-3:log", "method.cycle=5..20",
        "multicycle.losses=none|cycle|adversarial,cycle", "training.flip=true|false", "training.precision=fp32|bf16",
    ]  # fmt: skip
    critic, blocks, rate, cycle, losses, flip, precision = axes_of(recipe_named("multicyclic"), texts).axes
    assert isinstance(critic, Choice) and critic.ends() == [1, 5]
    assert isinstance(blocks, Range) and blocks.whole and not blocks.log and blocks.ends() == [1, 4]
    assert isinstance(rate, Range) and not rate.whole and rate.log and rate.ends() == [1e-4, 3e-3]
    assert isinstance(cycle, Range) and not cycle.whole and cycle.ends() == [5.0, 20.0]
    assert losses.ends() == [None, ("cycle",), ("adversarial", "cycle")]
    assert flip.ends() == [True, False] and precision.ends() == ["fp32", "bf16"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["method.critic-step=1|2"], "Did you mean 'method.critic_steps'"),
        (["method.critic-steps"], "write NAME=LOW..HIGH or NAME=A|B"),
        (["method.critic-steps=0..3"], "method.critic_steps = 0: input should be greater than 0"),
        (["training.average=0.9..1"], "training.average = 1.0: input should be less than 1"),
        (["method.critic-steps=1.5..3"], "each end of LOW..HIGH must be a whole number"),
        (["method.cycle=5..x"], "each end of LOW..HIGH must be a number"),
        (["method.cycle=5..10..20"], "each end of LOW..HIGH must be a number"),
        (["method.cycle=20..5"], "LOW must be below HIGH"),
        (["method.cycle=1..inf"], "LOW must be below HIGH"),
        (["method.cycle=0..5:log"], "a logarithm needs LOW above 0"),
        (["method.cycle=1..5:lg"], "only :log may follow LOW..HIGH"),
        (["method.cycle=5"], "two or more different choices"),
        (["method.cycle=5|5"], "two or more different choices"),
        (["method.cycle=5|ten"], "this setting needs another type of number"),
        (["method.generator=label|mask"], "method.generator = 'mask'"),
        (["method.generator=a..b"], "method.generator is not a number: search it among choices"),
        (["training.flip=true|maybe"], "training.flip = 'maybe'"),
        (["multicycle.cycles=-1..3"], "multicycle.cycles = -1: 0 to 20"),
        (["multicycle.cycles=0..21"], "multicycle.cycles = 21: 0 to 20"),
        (["multicycle.decay=-1..1"], "weights of extra cycles are 0 or more"),
        (["multicycle.cycles=0..3", "multicycle.extra=|0.5"], "determines multicycle.extra: search only one of the two"),
        (["method.cycle=1..2", "method.cycle=1..3"], "`search` names method.cycle twice"),
        (["size=32|64"], "size cannot be searched: it changes the images, and trials on other images cannot be compared"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_any_trial(texts: Sequence[str], said: str) -> None:
    with pytest.raises(UsageError) as error:
        axes_of(recipe_named("multicyclic"), texts)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_decay_without_cycles_is_refused() -> None:
    with pytest.raises(UsageError, match=r"multicycle.decay changes nothing with 0 extra cycles: search multicycle.cycles too"):
        axes_of(recipe_named("stargan"), ["multicycle.decay=0.25..1"])
