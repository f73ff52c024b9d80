"""Fine-tuning: what a new run takes of an old one, by name; what stays frozen; and that going on starts nothing again."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from conftest import Command
from training.small import assert_same_runs
from viceversa.cli.train import run as train_command
from viceversa.core.attributes import Binary, OneOf
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.method import Method
from viceversa.core.space import AnyAttribute, ImageSpec, Space
from viceversa.data.sets.avatars import ATTRIBUTES
from viceversa.errors import UsageError
from viceversa.methods import cyclegan, stargan
from viceversa.recipes.settings import Recipe, Training
from viceversa.runs.record import Record, read_record, write_record
from viceversa.runs.weights import latest_checkpoint
from viceversa.training.averages import update_averages
from viceversa.training.checkpoints import save_checkpoint
from viceversa.training.initializing import frozen, initialize
from viceversa.training.run import train
from viceversa.training.step import Trainee

ROOT = Path(__file__).resolve().parents[2]
OLD = (Binary("male"), OneOf("hair", ("black", "blond")), Binary("young"))
NEW = (Binary("glasses"), OneOf("hair", ("red", "blond", "black")), Binary("young"), Binary("smile"), Binary("male"))
SMALL = {"width": 4, "blocks": 1, "critic_width": 4}
GENERATORS = ("label", "masked")


def of(attributes: tuple[AnyAttribute, ...], size: int = 16) -> Space:
    return Space({"faces": ImageSpec(3, size, size)}, attributes)


def spaces(*names: str) -> Space:
    return Space({name: ImageSpec(3, 32, 32) for name in names})


def built(space: Space, seed: int = 0, **settings: Any) -> Method:
    torch.manual_seed(seed)
    if not space.attributes:
        return cyclegan.build(space, cyclegan.CycleGAN(**(SMALL | settings)))
    return stargan.build(space, stargan.StarGAN(**(SMALL | settings)))


def kept(run: Path, space: Space, *, average: float = 0, seed: int = 0, **settings: Any) -> Method:
    """A run with random weights, whose averages, if any, are others; returns what a load of it would translate with."""
    method, averages = built(space, seed, **settings), built(space, seed + 1, **settings)
    kind = stargan.StarGAN if space.attributes else cyclegan.CycleGAN
    recipe = Recipe[kind](name="old", method=kind(**(SMALL | settings)), training=Training(average=average))
    run.mkdir()
    save_checkpoint(run, 3, Trainee(method), averages)
    write_record(run, Record(recipe=recipe, dataset="some", space=space, device="cpu", precision="fp32"))
    return averages if average else method


def images(count: int = 6, size: int = 16) -> Tensor:
    return torch.rand(count, 3, size, size, generator=seeded("images")) * 2 - 1


@torch.no_grad()
def translated(method: Method, label: Tensor) -> Tensor:
    """In float64, so that only a difference of the functions shows."""
    method.translator.double()
    return method.translate(images(len(label)).double(), Domain("faces"), Domain("faces", label))


def relabeled(old: Tensor, generator: torch.Generator) -> Tensor:
    """Labels of OLD in the columns of NEW; what is new there is random."""
    new = torch.rand(len(old), 7, generator=generator)
    for there, here in enumerate((6, 3, 2, 4)):  # male, black, blond, young
        new[:, here] = old[:, there]
    return new


def flat(method: Method, network: str) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in method.networks[network].parameters()])


@pytest.mark.parametrize("generator", GENERATORS)
def test_added_attributes_keep_the_old_function(generator: str, tmp_path: Path) -> None:
    """Whatever the new columns say, for every old label; only the order of sums is another."""
    old = kept(tmp_path / "old", of(OLD), generator=generator)
    new = built(of(NEW), seed=9, generator=generator)
    assert initialize(new, of(NEW), tmp_path / "old") == ("generator", "discriminator")
    numbers = seeded("labels")
    labels = of(OLD).draw(6, numbers)
    expected = translated(old, labels)
    for _ in range(3):
        assert (translated(new, relabeled(labels, numbers)) - expected).abs().max() <= 1e-12
    assert (translated(new, relabeled(1 - labels, numbers)) - expected).abs().max() > 1e-3


def test_the_new_columns_can_learn(tmp_path: Path) -> None:
    """Their zeros are no dead end."""
    kept(tmp_path / "old", of(OLD))
    new = built(of(NEW), seed=9)
    initialize(new, of(NEW), tmp_path / "old")
    method = new.translate(images(2), Domain("faces"), Domain("faces", torch.ones(2, 7)))
    method.square().sum().backward()
    first = new.networks["generator"].network.layers[0][0].weight
    assert not first[:, 3 + 5].any() and first.grad is not None and first.grad[:, 3 + 5].any()


def test_the_class_head_keeps_the_old_rows(tmp_path: Path) -> None:
    old = kept(tmp_path / "old", of(OLD))
    new = built(of(NEW), seed=9)
    fresh = new.networks["discriminator"].network.classes.weight.detach().clone()
    initialize(new, of(NEW), tmp_path / "old")
    head = new.networks["discriminator"].network.classes.weight
    assert torch.equal(head[[6, 3, 2, 4]], old.networks["discriminator"].network.classes.weight)
    assert torch.equal(head[[0, 1, 5]], fresh[[0, 1, 5]])
    with torch.no_grad():
        ours, theirs = (method.networks["discriminator"](images(), Domain("faces")) for method in (new, old))
    assert torch.equal(ours.score, theirs.score) and torch.equal(ours.logits[:, [6, 3, 2, 4]], theirs.logits)


@pytest.mark.parametrize("space", [of(OLD), spaces("horse", "zebra")], ids=["labels", "spaces"])
def test_the_same_space_takes_all_weights_as_they_are(space: Space, tmp_path: Path) -> None:
    old, new = kept(tmp_path / "old", space), built(space, seed=9)
    assert initialize(new, space, tmp_path / "old") == tuple(new.networks)
    for network in new.networks:
        assert torch.equal(flat(new, network), flat(old, network))


def test_moving_averages_are_taken_where_there_are_some(tmp_path: Path) -> None:
    averages, new = kept(tmp_path / "old", of(OLD), average=0.9), built(of(OLD), seed=9)
    initialize(new, of(OLD), tmp_path / "old")
    assert torch.equal(flat(new, "generator"), flat(averages, "generator"))
    assert torch.equal(flat(new, "discriminator"), flat(built(of(OLD)), "discriminator"))


def test_a_discriminator_that_does_not_fit_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    """Of another size or width; the generator takes any size."""
    old = kept(tmp_path / "old", of(OLD))
    for space, settings in ((of(OLD, 32), {}), (of(OLD), {"critic_width": 8})):
        new = built(space, seed=9, **settings)
        before = flat(new, "discriminator")
        assert initialize(new, space, tmp_path / "old") == ("generator",)
        assert torch.equal(flat(new, "generator"), flat(old, "generator"))
        assert torch.equal(flat(new, "discriminator"), before)
        with pytest.raises(UsageError, match=r"discriminator of .* another architecture"):
            initialize(new, space, tmp_path / "old", only=("generator", "discriminator"))


def test_only_what_is_named_is_taken(tmp_path: Path) -> None:
    old, new = kept(tmp_path / "old", of(OLD)), built(of(OLD), seed=9)
    before = flat(new, "discriminator")
    assert initialize(new, of(OLD), tmp_path / "old", only=("generator",)) == ("generator",)
    assert torch.equal(flat(new, "generator"), flat(old, "generator"))
    assert torch.equal(flat(new, "discriminator"), before)


@pytest.mark.parametrize(
    ("space", "settings", "said"),
    [
        (of(OLD[1:]), {}, r"has male \(binary\), but the data does not: a new training can add attributes, but cannot remove them"),
        (of((OLD[0], OneOf("hair", ("black", "red")), OLD[2])), {}, "has hair=blond, but the data does not"),
        (of((Binary("male"), Binary("hair"), Binary("young"))), {}, "has hair=black, but the data does not"),
        (of(OLD), {"width": 8}, "another architecture.*`method.generator='label'` `method.width=4` `method.blocks=1`"),
        (of(OLD), {"blocks": 2}, "another architecture"),
        (of(OLD), {"generator": "masked"}, "another architecture"),
        (spaces("a", "b"), {}, "has male"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_refused_and_changes_nothing(space: Space, settings: Any, said: str, tmp_path: Path) -> None:
    kept(tmp_path / "old", of(OLD))
    new = built(space, seed=9, **settings)
    before = [flat(new, network) for network in new.networks]
    with pytest.raises(UsageError, match=said) as refused:
        initialize(new, space, tmp_path / "old")
    assert "\n" not in str(refused.value)
    assert all(torch.equal(flat(new, network), weights) for network, weights in zip(new.networks, before, strict=True))


def test_other_spaces_are_refused_and_the_same_in_another_order_are_not(tmp_path: Path) -> None:
    old = kept(tmp_path / "old", spaces("horse", "zebra"))
    with pytest.raises(UsageError, match="between horse, zebra, but the data has the spaces cat, dog"):
        initialize(built(spaces("cat", "dog")), spaces("cat", "dog"), tmp_path / "old")
    new = built(spaces("zebra", "horse"), seed=9)
    initialize(new, spaces("zebra", "horse"), tmp_path / "old")
    ways = [(Domain(here), Domain(there)) for here, there in (("horse", "zebra"), ("zebra", "horse"))]
    for way in ways:
        assert torch.equal(new.translate(images(1, 32), *way), old.translate(images(1, 32), *way))


def test_runs_and_networks_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no run"):
        initialize(built(of(OLD)), of(OLD), tmp_path / "old")
    kept(tmp_path / "old", of(OLD))
    with pytest.raises(UsageError, match="Did you mean 'generator'"):
        initialize(built(of(OLD)), of(OLD), tmp_path / "old", only=("generators",))


def test_frozen_networks_do_not_learn() -> None:
    method = built(spaces("a", "b"))
    assert frozen(method, ()) is method
    left = frozen(method, ("discriminators",))
    assert [phase.learns for phase in left.phases] == [("generators",)] and left.optimizers.keys() == {"generators"}
    with pytest.raises(UsageError, match="Did you mean 'generators'"):
        frozen(method, ("generator",))
    with pytest.raises(UsageError, match="leave no network to train"):
        frozen(method, ("generators", "discriminators"))


def test_an_average_of_what_does_not_change_is_itself() -> None:
    method, averages = built(of(OLD)), built(of(OLD))
    update_averages(averages, method, 0.3)
    assert torch.equal(flat(averages, "generator"), flat(method, "generator"))


SHORT = {"batch": 4, "steps": 4, "quiet": True, "labeller": False, "precision": "fp32"}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that knows a part of the avatars' attributes, of the architecture that the recipes have."""
    run = tmp_path_factory.mktemp("start") / "old"
    settings = {"generator": "masked", "width": 32, "blocks": 4, "critic_width": 32}
    kept(run, Space({"avatars": ImageSpec(3, 32, 32)}, (ATTRIBUTES[1], ATTRIBUTES[0])), average=0.9, **settings)
    return run


def stored(run: Path, file: str = "networks") -> dict[str, Tensor]:
    checkpoint = latest_checkpoint(run)
    assert checkpoint is not None
    return safetensors.torch.load_file(checkpoint / f"{file}.safetensors")


def changed(one: dict[str, Tensor], other: dict[str, Tensor]) -> Iterator[str]:
    return (name for name, value in one.items() if not torch.equal(value, other[name]))


def test_a_training_starts_from_the_run_and_going_on_does_not(start: Path, tmp_path: Path) -> None:
    """4 steps are 2 and 2, though the run that it started from is gone by then."""
    gone = tmp_path / "gone"
    start_again = {"init": gone, **SHORT}
    for run, stops in (("whole", (4,)), ("parts", (2, 4))):
        gone.symlink_to(start)
        train("stargan", out=tmp_path / run, until=stops[0], **start_again)
        gone.unlink()
        for until in stops[1:]:
            train("stargan", out=tmp_path / run, until=until, resume=True, quiet=True)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts", but_logged=(2,))
    assert read_record(tmp_path / "whole").recipe.init == str(gone)
    train("stargan", out=tmp_path / "fresh", until=4, **SHORT)
    assert set(changed(stored(tmp_path / "whole"), stored(tmp_path / "fresh"))) == set(stored(tmp_path / "whole"))


def test_a_frozen_generator_is_still_the_run_that_it_came_from(start: Path, tmp_path: Path) -> None:
    train("stargan", out=tmp_path / "new", init=start, freeze=["generator"], until=2, **SHORT)
    space = read_record(tmp_path / "new").space
    method = built(space, 5, generator="masked", width=32, blocks=4, critic_width=32)
    initialize(method, space, start)
    begun = method.networks.state_dict()
    now, averages = stored(tmp_path / "new"), stored(tmp_path / "new", "averages")
    generator = [name for name in now if name.startswith("generator.")]
    assert all(torch.equal(now[name], begun[name]) and torch.equal(averages[name], begun[name]) for name in generator)
    assert all(name.startswith("discriminator.") for name in changed(now, begun))
    lines = [json.loads(line) for line in (tmp_path / "new" / "metrics.jsonl").read_text().splitlines()]
    assert lines and not any(name.startswith("generator/") for line in lines for name in line)
    train("stargan", out=tmp_path / "new", until=4, resume=True, quiet=True)
    assert all(torch.equal(stored(tmp_path / "new")[name], begun[name]) for name in generator)


def test_wrong_starts_are_refused_and_leave_nothing(start: Path, tmp_path: Path) -> None:
    for options, said in (
        (["--init", str(tmp_path / "none")], "there is no run"),
        (["--init", str(start), "--method.width", "16"], "`method.width=32`"),
        (["--init", str(start), "--freeze", "generators"], "Did you mean 'generator'"),
        (["--freeze", "generator", "discriminator"], "leave no network to train"),
        (["--init-only", "generator"], "also name that run with `init`"),
    ):
        with pytest.raises(UsageError, match=re.escape(said)) as refused:
            train_command(["stargan", "--out", str(tmp_path / "new"), *options])
        assert "\n" not in str(refused.value) and not (tmp_path / "new").exists()


def test_the_page_says_what_happens(tmp_path: Path, viceversa: Command) -> None:
    """Its commands, with fewer steps; the last one goes on with a run that they finished."""
    page = (ROOT / "docs" / "models.md").read_text().replace("--steps 2000", "--steps 2 --batch 4 --training.no-labeller")
    block = re.search(r"<!-- tests/training/test_initializing.py runs these lines -->\n```bash\n(.*?)```", page, re.DOTALL)
    assert block
    said = ""
    for line in block[1].splitlines():
        program, *arguments = shlex.split(line)
        assert program == "viceversa"
        done = viceversa(*arguments, cwd=tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        said += done.stderr
    start = f"initial weights from {tmp_path / 'runs' / 'a'}: generator"
    assert f"{start}, discriminator\n" in said and f"{start}\n" in said
    first, frozen_one = stored(tmp_path / "runs" / "a", "averages"), stored(tmp_path / "runs" / "c", "averages")
    assert not list(changed(first, frozen_one))
