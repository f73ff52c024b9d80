"""The multicyclic loss for less: at hand-computed values, with the graphs that it may have, and as often as it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from contracts.case import ALIKE, PHOTOS, Case, batch_for
from contracts.cases import CASES, build_cyclegan, build_stargan
from losses.walks import journey
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey, Judgment
from viceversa.core.schedules import Progress
from viceversa.errors import UsageError
from viceversa.losses.chains import DrawnDepth, Onward, Seen
from viceversa.losses.cycle import Cycle
from viceversa.losses.multicycle import Form, multicyclic
from viceversa.losses.on_policy import Held, Taught, Teacher
from viceversa.losses.replay import Replay
from viceversa.training.step import Trainee, train_step

EXTRA = (0.25, 0.125, 0.0625)
CHANCES = tuple(weight / sum(EXTRA) for weight in EXTRA)


class Adds(nn.Module):
    """T(x) = x + step."""

    def __init__(self, step: float = 0.01) -> None:
        super().__init__()
        self.step = nn.Parameter(torch.tensor(step))

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return image + self.step


def walk(translator: nn.Module, step: int = 0, rows: int = 2) -> Journey:
    """A journey of the labels 0, at a step of the training."""
    label = torch.zeros(rows, 5)
    return Journey(
        Example(torch.zeros(rows, 3, 4, 4), Domain("photos", label)),
        lambda number: Domain("photos", label),
        translate=translator,
        discriminate=lambda image, domain: Judgment(image),
        draws=Draws(0, step),
    ).begin(True)


def test_depths_are_drawn_as_often_as_they_weigh() -> None:
    found = Counter(DrawnDepth(CHANCES).depth(Draws(0, step)) for step in range(4000))
    assert set(found) == {1, 2, 3}
    for depth, chance in enumerate(CHANCES, 1):
        assert found[depth] / 4000 == pytest.approx(chance, abs=3 * (chance * (1 - chance) / 4000) ** 0.5)
    assert {DrawnDepth((0.0, 1.0)).depth(Draws(0, step)) for step in range(50)} == {2}


@pytest.mark.parametrize("cut", [False, True])
def test_the_expectation_over_depths_is_the_exact_sum(cut: bool) -> None:
    """10 |1 - (1 + (k + 2) * 0.01)| and so on: of T(x) = x + 0.01 the cycle loss at depth k is (k + 2) / 100."""
    exact = sum(weight * Seen(Cycle(), Onward(depth, cut))(walk(Adds())).item() for depth, weight in enumerate(EXTRA, 1))
    assert exact == pytest.approx(0.25 * 0.03 + 0.125 * 0.04 + 0.0625 * 0.05, rel=1e-4)
    drawn = [Seen(Cycle(), DrawnDepth((0.0,) * (depth - 1) + (1.0,), cut))(walk(Adds())).item() for depth in (1, 2, 3)]
    assert sum(EXTRA) * sum(chance * value for chance, value in zip(CHANCES, drawn, strict=True)) == pytest.approx(exact)


def graph_of(loss: Callable[[Any], object], journey: Journey | None) -> int:
    """How many tensors are saved for the gradient."""
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(1) or tensor, lambda tensor: tensor):
        loss(journey)
    return len(saved)


def test_no_graph_is_kept_of_the_images_before_the_last() -> None:
    """A convolution saves its input: one more for each translation of an exact chain, and none of an on-policy one."""
    network = nn.Conv2d(3, 3, 1)

    def of(depth: int, cut: bool) -> int:
        return graph_of(Seen(Cycle(), Onward(depth, cut)), journey(network, image=torch.rand(2, 3, 4, 4)))

    assert of(3, True) == of(1, True) < of(1, False) < of(3, False)


@pytest.mark.parametrize("form", ["exact", "on-policy"])
def test_activations_that_are_computed_again_change_no_gradient(form: Form) -> None:
    """To the last bit; and what is kept for the gradient is less."""
    found = []
    for recompute in (False, True):
        torch.manual_seed(0)
        method = multicyclic(build_stargan(PHOTOS), EXTRA, form=form, recompute=recompute)
        gradients: list[Tensor] = []
        trainee = Trainee(method, average=lambda each: gradients.extend(part.clone() for part in each))  # noqa: B023
        kept = graph_of(lambda _: train_step(trainee, batch_for(method, PHOTOS), Draws(0, 4), Progress(4, 10)), None)  # noqa: B023
        found.append((kept, gradients))
    (kept, plain), (fewer, again) = found
    assert fewer < kept
    assert all(map(torch.equal, plain, again)) and len(plain) == len(again)


def test_the_teacher_edits_the_clean_image() -> None:
    """Y has come k + 1 steps from x, the teacher one: their distance is k steps. What is held is one step away."""
    for depth in (1, 2, 3):
        translator = Adds()
        taught = Taught(Teacher(translator), Onward(depth, cut=True))(walk(translator))
        assert taught.item() == pytest.approx(0.01 * depth, rel=1e-4)
        (gradient,) = torch.autograd.grad(taught, translator.step)
        assert gradient.item() == pytest.approx(1), "only the last translation has a gradient"
        assert Held(Onward(depth, cut=True))(walk(translator)).item() == pytest.approx(0.01, rel=1e-4)


def test_the_teacher_is_a_moving_average_that_learns_nothing() -> None:
    translator = Adds(0.0)
    teacher, clean = Teacher(translator, decay=0.9), torch.zeros(1, 3, 4, 4)
    domain, values = Domain("photos", torch.zeros(1, 5)), []
    for step, now in enumerate((1.0, 2.0, 2.0)):
        translator.step.data.fill_(now)
        values += [teacher(clean, domain, domain, step).mean().item() for _ in range(2)]  # asked twice, it moves once
    # as the translator when it is first asked, then with the decays 2/11 and 3/12
    second = 1 * 2 / 11 + 2 * 9 / 11
    assert values == pytest.approx([1, 1, second, second, second / 4 + 2 * 3 / 4, second / 4 + 2 * 3 / 4])
    assert not any(weight.requires_grad for weight in teacher.average.parameters())

    other = Teacher(Adds(7.0), decay=0.9)
    other.load_state_dict(teacher.state_dict())
    assert other(clean, domain, domain, 2).mean().item() == pytest.approx(values[-1]), "of the same step it does not move again"
    assert other.state_dict().keys() == teacher.state_dict().keys()


def test_between_two_spaces_the_clean_image_is_the_source_where_the_chain_has_come_home() -> None:
    translator = Adds()
    x, y = (Domain(space) for space in ("x", "y"))
    real = Example(torch.zeros(2, 3, 4, 4), x)
    chain = Journey(
        real, lambda number: x if number % 2 else y, translate=translator, discriminate=lambda image, domain: Judgment(image),
        draws=Draws(0, 0), examples=(real,),
    ).begin(True)  # fmt: skip
    teacher = Teacher(translator)
    home, away = (Taught(teacher, Onward(depth, cut=True))(chain).item() for depth in (1, 2))
    assert home == pytest.approx(0.02, rel=1e-4), "T(T(x)) is two steps from x"
    assert away == pytest.approx(0.02, rel=1e-4), "three steps, compared with one"
    with pytest.raises(UsageError, match=r"`multicycle\.hold` needs images with attributes"):
        Held(Onward(1, cut=True))(chain)


def test_replay_goes_on_from_earlier_steps() -> None:
    """With one place and equal chances every batch goes to the end of its chain: 2 translations, 3, 4, and again."""
    translator, replay, found = Adds(), Replay((0.5, 0.5, 0.5), kept=1), []
    for step in range(8):
        view = replay(chain := walk(translator, step))
        assert replay(chain) is view, "all losses of a step see the same"
        assert not view.start.requires_grad and view.translated.requires_grad
        found.append(round(100 * view.translated.mean().item()))
    assert found == [2, 3, 4, 2, 3, 4, 2, 3]


def test_replay_meets_depths_as_often_as_they_weigh() -> None:
    translator, replay = Adds(), Replay(CHANCES, kept=4)
    depths = Counter(round(100 * replay(walk(translator, step, rows=1)).translated.mean().item()) - 1 for step in range(2000))
    for depth, chance in enumerate(CHANCES, 1):
        assert depths[depth] / 2000 == pytest.approx(chance, abs=0.05), depths


def test_a_batch_of_another_size_is_not_continued() -> None:
    replay = Replay((0.5, 0.5), kept=1)
    replay(walk(Adds(), 0, rows=4))
    view = replay(walk(Adds(), 1, rows=3))
    assert len(view.translated) == len(view.image) == 3


def test_replay_is_restored() -> None:
    one, other = Replay(CHANCES, kept=3), Replay(CHANCES, kept=3)
    for step in range(5):
        one(walk(Adds(), step))
    other.load_state_dict({name: value.clone() for name, value in one.state_dict().items()})
    for step in range(5, 20):
        mine, theirs = one(walk(Adds(), step)), other(walk(Adds(), step))
        assert torch.equal(mine.translated, theirs.translated)
    assert one.state_dict().keys() == other.state_dict().keys()


CHAINED = [
    case for case in CASES if not case.name.startswith("multicyclic") and any(phase.chained for phase in case.method().phases)
]


@pytest.mark.parametrize("form", ["stochastic", "on-policy", "replay"])
@pytest.mark.parametrize("case", CHAINED, ids=lambda case: case.name)
def test_every_chainable_method_has_every_form(case: Case, form: Form) -> None:
    """Two generator steps of each; with a teacher where there may be one, and hold among labels."""
    teacher = 5.0 if form != "stochastic" else 0.0
    hold = 1.0 if teacher and case.space.attributes else 0.0
    torch.manual_seed(0)
    method = multicyclic(case.build(case.space), EXTRA, form=form, teacher=teacher, hold=hold)
    trainee, seen = Trainee(method), set[str]()
    for step in (4, 9):
        losses = train_step(trainee, batch_for(method, case.space, seed=step), Draws(0, step), Progress(step, 10))
        assert all(loss.isfinite() for loss in losses.values())
        seen |= {name.rpartition("/")[2] for name in losses}
    assert any(name.endswith("_chain") for name in seen)
    assert ("teacher" in seen) == bool(teacher) and ("hold" in seen) == bool(hold)


def test_nothing_is_computed_before_the_chain_begins() -> None:
    method = multicyclic(build_stargan(PHOTOS), EXTRA, form="on-policy", teacher=1.0, hold=1.0, start=0.6)
    trainee, names = Trainee(method), []
    for step in (4, 9):
        losses = train_step(trainee, batch_for(method, PHOTOS, seed=step), Draws(0, step), Progress(step, 10))
        names.append({name.rpartition("/")[2] for name in losses})
    assert not {"teacher", "hold", "cycle_chain"} & names[0] and {"teacher", "hold", "cycle_chain"} <= names[1]


def test_refusals() -> None:
    with pytest.raises(UsageError, match="unknown form of the multicyclic loss 'cheap'"):
        multicyclic(build_stargan(PHOTOS), form="cheap")  # type: ignore[arg-type]
    for form in ("exact", "stochastic"):
        with pytest.raises(UsageError, match=rf"the {form} chain has no losses `multicycle\.teacher`"):
            multicyclic(build_stargan(PHOTOS), form=form, teacher=1.0)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="must not be negative"):
        multicyclic(build_stargan(PHOTOS), form="on-policy", hold=-1.0)
    assert multicyclic(build_cyclegan(ALIKE), (0.0, 0.0)).memory.keys() == build_cyclegan(ALIKE).memory.keys()
