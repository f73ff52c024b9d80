"""Using a trained run: targets and sources in words, chains through 8 bits, and pictures of every kind."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from viceversa.cli.translate import _tell_reader
from viceversa.core.attributes import Binary, OneOf
from viceversa.core.domains import Domain
from viceversa.core.method import Latent, Method, Optimizer, Phase, Request, to_labels, to_spaces
from viceversa.core.objective import Objective
from viceversa.core.plans import Retarget
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.inference.translation import check, start
from viceversa.metrics.chain_protocol import Trial, Way
from viceversa.metrics.labeller import Labeller
from viceversa.recipes.settings import Recipe
from viceversa.runs.record import Record, write_record
from viceversa.training.checkpoints import save_checkpoint
from viceversa.training.step import Trainee

FACES = Space({"faces": ImageSpec(3, 16, 16)}, (OneOf("hair", ("black", "blond", "brown")), Binary("glasses")))
SEASONS = Space({"summer": ImageSpec(3, 16, 16), "winter": ImageSpec(1, 8, 12)})
FOUR = Space({"infrared": ImageSpec(4, 16, 16), "photos": ImageSpec(3, 16, 16)})


class Nudge(nn.Module):
    """Adds .35 of a level and notes the labels of both ends, or resizes to the target's space."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space, self.levels = space, nn.Parameter(torch.tensor(0.35))
        self.legs: list[tuple[object, object]] = []

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        assert image.shape[1:] == self.space.images[source.space].shape
        ends = (source.space, target.space) if source.label is None else (source.label[0].tolist(), target.label[0].tolist())
        self.legs.append(ends)
        channels, *size = self.space.images[target.space].shape
        result = nn.functional.interpolate(image.mean(1, keepdim=True), size).expand(-1, channels, -1, -1)
        return (image if image.shape == result.shape else result) + self.levels / 127.5


class Constant(nn.Module):
    """Reads brown hair and glasses off everything."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.tensor([[0.0, 1, 2, 5]]).expand(len(images), -1)


def build(space: Space) -> Method:
    nudge = Nudge(space)
    plan = Retarget(space, translate=nudge, discriminate=nudge)
    return Method(
        translator=nudge,
        networks=nn.ModuleDict({"generator": nudge}),
        optimizers={"generator": Optimizer(1e-3)},
        phases=(Phase("generator", learns=("generator",), plan=plan, objective=Objective()),),
        destination=to_labels(space) if space.attributes else to_spaces,
        averaged=("generator",),
    )


def record(space: Space) -> Record:
    recipe, own = Recipe[None](name="own", method=None), f"{build.__module__}:{build.__qualname__}"
    return Record(recipe=recipe, dataset="toy", space=space, build=own, device="cpu", precision="fp32")


def model(space: Space = FACES, *, labeller: bool = True) -> Model:
    return Model("toy", build(space), record(space), Labeller(Constant(), FACES, 1.0, None) if labeller else None)


def legs(used: Model) -> list[tuple[object, object]]:
    return used.method.translator.legs


PLAIN = Image.new("RGB", (16, 16), (100, 100, 100))
READ, BLACK, BLOND = [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1]


def test_a_target_keeps_what_it_does_not_name() -> None:
    used = model()
    assert np.array_equal(used.translate(PLAIN, "hair=blond"), PLAIN)  # .35 of a level rounds to none
    used.translate(PLAIN, "glasses=no")
    assert legs(used) == [(READ, BLOND), (READ, [0, 0, 1, 0])]


def test_what_the_source_says_overrides_the_labeller() -> None:
    used = model()
    used.translate(PLAIN, "hair=blond", source="glasses=no")
    used.translate(PLAIN, "glasses=yes", source="hair=black,glasses=no")
    assert legs(used) == [([0, 0, 1, 0], [0, 1, 0, 0]), ([1, 0, 0, 0], BLACK)]


def test_without_a_labeller_the_source_must_say_everything() -> None:
    used = model(labeller=False)
    used.translate(PLAIN, "hair=blond", source="hair=black,glasses=yes")
    assert legs(used) == [(BLACK, BLOND)]
    with pytest.raises(UsageError, match=r"no labeller.*\(glasses\)"):
        used.translate(PLAIN, "hair=blond", source="hair=black")


@pytest.mark.parametrize(("accuracy", "lines"), [(0.95, 1), (0.89, 2)])
def test_a_labeller_that_is_often_wrong_is_told_of(accuracy: float, lines: int, capsys: pytest.CaptureFixture[str]) -> None:
    used = replace(model(), labeller=Labeller(Constant(), FACES, accuracy, None))
    _tell_reader(used, "hair=black")
    told = capsys.readouterr().err.splitlines()
    assert len(told) == lines and told[0].endswith(f"(accuracy {accuracy:.3f} on test images)")
    assert (
        told[1:]
        == ["viceversa: the labeller is often wrong: give the attributes of the inputs (glasses) with --from."][: lines - 1]
    )


def test_a_chain_goes_on_from_each_target_through_8_bits() -> None:
    used = model()
    pictures = used.chain(PLAIN, ["hair=blond", "glasses=no", "hair=black"])
    assert legs(used) == [(READ, BLOND), (BLOND, [0, 1, 0, 0]), ([0, 1, 0, 0], [1, 0, 0, 0])]
    assert [np.unique(picture).tolist() for picture in pictures] == [[100]] * 3, "1.05 levels, had they not been rounded"
    assert {(picture.mode, picture.size) for picture in pictures} == {("RGB", (16, 16))}
    with torch.no_grad():
        used.method.translator.levels.fill_(0.6)
    assert [np.unique(picture).tolist() for picture in used.chain(PLAIN, ["hair=blond"] * 3)] == [[101], [102], [103]]


def test_between_spaces() -> None:
    used = model(SEASONS, labeller=False)
    there, back = used.chain(PLAIN, ["winter", "summer"])
    assert legs(used) == [("summer", "winter"), ("winter", "summer")]
    assert (there.mode, there.size) == ("L", (12, 8)) and (back.mode, back.size) == ("RGB", (16, 16))
    for to, source in (("", "winter"), ("summer", ""), ("summer", "winter")):
        assert used.translate(PLAIN, to, source=source).size == (16, 16), "of two spaces, naming one says the other"
    assert legs(used)[2:] == [("winter", "summer")] * 3


def test_the_space_of_a_source_is_known_before_there_is_an_image() -> None:
    """As the background of a clip has to be."""
    image = np.zeros((16, 16, 3), np.uint8)
    for space, asked in ((SEASONS, ("", "")), (SEASONS, ("winter", "")), (SEASONS, ("", "summer")), (FACES, ("", ""))):
        used = model(space)
        assert used.routing.departure(*asked) == start(used, [image], *asked).space
    assert model(SEASONS).routing.departure("winter") == "winter" == model(SEASONS).routing.departure("", "summer")


@pytest.mark.parametrize(
    ("space", "to", "source", "told"),
    [
        (FACES, "hair=blonde", "", "Did you mean 'blond'?"),
        (FACES, "hat=yes", "", "unknown attribute 'hat'. Known: hair, glasses"),
        (FACES, "hair=blond", "glases=no", "Did you mean 'glasses'?"),
        (FACES, "", "", "`to='hair=black'`"),
        (SEASONS, "wintr", "", "unknown space 'wintr'. Did you mean 'winter'? Known: summer, winter"),
        (SEASONS, "winter", "spring", "Known: summer, winter"),
        (SEASONS, "winter", "winter", "'winter' already"),
    ],
)
def test_what_is_unknown(space: Space, to: str, source: str, told: str) -> None:
    used = model(space)
    for use in (lambda: used.translate(PLAIN, to, source=source), lambda: check(used, to, source)):
        with pytest.raises(UsageError) as error:
            use()
        assert told in str(error.value)
    assert legs(used) == []


def test_what_is_known_needs_no_image() -> None:
    check(model(), "hair=blond", "glasses=no")
    check(model(SEASONS), "winter")
    check(model(SEASONS), "", "winter")


MODES: dict[str, Callable[[], Image.Image]] = {
    "palette": lambda: PLAIN.quantize(4),
    "transparent": lambda: PLAIN.convert("RGBA"),
    "gray": lambda: PLAIN.convert("L"),
    "gray and alpha": lambda: PLAIN.convert("LA"),
    "16 bits": lambda: Image.fromarray(np.full((16, 16), 100 * 257, np.uint16)),
    "large": lambda: PLAIN.resize((40, 30)),
    "small": lambda: PLAIN.resize((5, 9)),
}


@pytest.mark.parametrize("picture", MODES.values(), ids=MODES)
@pytest.mark.parametrize("form", ["image", "path", "str"])
def test_pictures_of_all_modes_and_sizes(picture: Callable[[], Image.Image], form: str, tmp_path: Path) -> None:
    image, path = picture(), tmp_path / "picture.png"
    image.save(path)
    given = {"image": image, "path": path, "str": str(path)}[form]
    translated = model().translate(given, "hair=blond")
    assert (translated.mode, translated.size) == ("RGB", (16, 16)) and np.unique(translated).tolist() == [100]


def test_black_and_white_pictures() -> None:
    halves = np.arange(16)[:, None].repeat(16, 1) < 8
    translated = model().translate(Image.fromarray(halves), "hair=blond")
    assert np.array_equal(translated, (halves[..., None] * 255).repeat(3, 2))


def huge(png: bytes) -> bytes:
    """The file with 60000 x 60000 pixels in its header."""
    header = png[12:16] + (60000).to_bytes(4, "big") * 2 + png[24:29]
    return png[:12] + header + zlib.crc32(header).to_bytes(4, "big") + png[33:]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda png: b"",
    "text": lambda png: b"not an image",
    "cut": lambda png: png[:2000],
    "broken": lambda png: png[:2000] + bytes(2000) + png[4000:],
    "huge": huge,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_file_that_is_no_image(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UsageError, match=r"cannot read the image '.*picture\.png'"):
        model().translate(path, "hair=blond")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.png"):
        with pytest.raises(UsageError, match="cannot read the image"):
            model().translate(path, "hair=blond")


def saved(run: Path) -> Path:
    """A run whose weights add .6 of a level, their averages 2.2."""
    trained, averages = build(FACES), build(FACES)
    with torch.no_grad():
        trained.translator.levels.fill_(0.6)
        averages.translator.levels.fill_(2.2)
    write_record(run, record(FACES))
    save_checkpoint(run, 7, Trainee(trained), averages)
    return run


def test_a_loaded_run_translates_with_its_averages(tmp_path: Path) -> None:
    used = load(saved(tmp_path / "run"), build=build)
    assert used.name == "run" and used.space == FACES and used.labeller is None
    assert np.unique(used.translate(PLAIN, "hair=blond", source="hair=black,glasses=no")).tolist() == [102]
    assert not any(weight.requires_grad for weight in used.method.translator.parameters()) and not used.method.translator.training


def test_runs_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no run in '.*missing'"):
        load(tmp_path / "missing")
    with pytest.raises(UsageError, match=r"test_model:build.*build="):
        load(saved(tmp_path / "own"))
    write_record(tmp_path / "begun", record(FACES))
    with pytest.raises(UsageError, match=r"'.*begun' has no checkpoint yet"):
        load(str(tmp_path / "begun"), build=build)


def test_a_strength_is_part_of_the_way_or_beyond() -> None:
    used = model()
    used.translate(PLAIN, "glasses=no", strength=0.5)
    used.chain(PLAIN, ["hair=blond", "hair=black"], source="hair=black,glasses=no", strength=1.5)
    half, *beyond = legs(used)
    assert half == (READ, [0, 0, 1, 0.5])
    assert beyond[0] == ([1, 0, 0, 0], [-0.5, 1.5, 0, 0])
    assert beyond[1] == ([-0.5, 1.5, 0, 0], [1.75, -0.75, 0, 0])  # from there, one and a half times to black


def test_styles_are_for_methods_that_have_them() -> None:
    for styled in ({"seed": 3}, {"reference": PLAIN}):
        with pytest.raises(UsageError, match="takes no reference image and no seed"):
            model().translate(PLAIN, "hair=blond", **styled)


def test_a_reference_and_a_seed_reach_the_destination() -> None:
    asked = []

    def destination(request: Request) -> Domain:
        asked.append((request.seed, None if request.reference is None else tuple(request.reference.shape)))
        return Domain("faces", request.label)

    used = model()
    used = replace(used, method=replace(used.method, destination=destination, latent=Latent("code", 2)))
    used.translate(PLAIN, "hair=blond", seed=3)
    used.translate(PLAIN, "hair=blond", reference=PLAIN.resize((40, 40)))
    assert asked == [(3, None), (0, (1, 3, 16, 16))]


def test_a_method_of_one_way_does_not_go_back() -> None:
    used = model(SEASONS, labeller=False)
    used = replace(used, method=replace(used.method, returns=False))
    assert used.translate(PLAIN, "winter").size == (12, 8)
    with pytest.raises(UsageError, match="translates from 'summer' to 'winter' only"):
        used.translate(Image.new("L", (12, 8)), "summer")
    task = Trial(Dataset("seasons", SEASONS, {}), "summer", "winter", np.zeros((2, 16, 16, 3), np.uint8), np.arange(2))
    (made,) = [found for _, found in candidate_of(used).outputs(task, Way(2))]
    assert {place.direction for place in made} == {"inv"} and {place.cycles for place in made} == {0}


@pytest.mark.parametrize("full_size", [False, True])
def test_a_drawing_on_paper_is_flattened_first(full_size: bool, tmp_path: Path) -> None:
    """A dark line on paper that is gray to the left and light to the right becomes black on white, in the channels of the run."""
    paper = np.broadcast_to(np.linspace(120, 220, 96, dtype=np.uint8)[:, None], (96, 96, 3)).copy()
    paper[:, 46:50] //= 4
    Image.fromarray(paper).save(tmp_path / "drawing.png")
    used, manner = model(SEASONS, labeller=False), Manner(full_size=full_size, paper=True)
    for picture in (tmp_path / "drawing.png", Image.fromarray(paper), paper):
        colors = used.preprocessing.opened(picture, "summer", manner).colors
        assert colors.shape == ((96, 96, 3) if full_size else (16, 16, 3))
        assert (colors[:, 0] == 255).all() and colors[:, colors.shape[1] // 2].mean() < 170  # four of six pixels
    plain = used.preprocessing.opened(paper, "summer", Manner(full_size=full_size)).colors
    assert plain[0, 0, 0] < 130
    with pytest.raises(UsageError, match=r"(1|4) channels"):
        model(FOUR, labeller=False).preprocessing.opened(np.zeros((16, 16, 4), np.uint8), "infrared", manner)
