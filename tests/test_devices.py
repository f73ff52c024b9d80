"""Whatever runs a network runs all of it on the device that was asked for; each with a network that is left on the CPU as a mutant.

There is no graphics processor here, so paths run on PyTorch's meta device (`devices.py`).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import viceversa as vv
from contracts.case import Case
from contracts.cases import CASES
from devices import META, ApartError, left_behind, one_device
from processes import command, run
from training.small import noise, trainer
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sources import open_dataset
from viceversa.device import CPU, device_named
from viceversa.errors import UsageError
from viceversa.inference.apply import translated
from viceversa.inference.model import Model
from viceversa.metrics import features, perceptual
from viceversa.metrics.diversity import diversity
from viceversa.metrics.features import lite0
from viceversa.metrics.labeller import Labeller, network_for
from viceversa.metrics.labeller_training import LabellerTraining
from viceversa.metrics.perceptual import lite0_at, vgg16_at
from viceversa.multiturn.editors.named import editor_named
from viceversa.networks.lite0 import load_lite0
from viceversa.networks.perception import Perception, load_perception
from viceversa.style.stylize import Stylize, stylize
from viceversa.training.examination import examination
from viceversa.training.samples import sample_grid
from viceversa.tuning.goal import meter_of
from viceversa.video import stylized_frames, translated_frames

FACES = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
VGG16 = Path(os.environ.get("VICEVERSA_ASSETS") or ".") / "weights" / "vgg16_imagenet_features.safetensors"
ABSENT = [
    "abacus",
    *(["cuda"] if not torch.cuda.is_available() else []),
    *(["mps"] if not torch.backends.mps.is_available() else []),
]


@pytest.fixture
def faces() -> Model:
    """The packaged model, without what warns of images unlike faces."""
    model = vv.load("avatars", device=META)
    return copy.copy(model) if model.familiarity is None else Model(model.name, model.method, model.record, model.labeller)


def networks_of(model: Model) -> list[torch.nn.Module]:
    assert model.labeller is not None
    return [model.method.translator, model.labeller.network]


def found_in(path: Callable[[], Any], networks: Sequence[torch.nn.Module], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the path gives, with all networks on one device; it fails with any of them on the CPU."""
    with one_device(monkeypatch):
        made = path()
        for network in networks:
            with left_behind(network), pytest.raises(ApartError):
                path()
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_method_translates(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    method = case.method()
    method.translator.to(META)
    method.networks.to(META)
    names = list(case.space.images)
    here, there = (Domain(name, labels_for(case.space, name)) for name in (names[0], names[-1]))
    image = torch.zeros(2, *case.space.images[names[0]].shape)
    with one_device(monkeypatch):
        made = translated(method, image, here, there)
        with left_behind(method.translator), pytest.raises(ApartError):
            translated(method, image, here, there)
    assert made.device == CPU and made.shape == (2, *case.space.images[names[-1]].shape)


def labels_for(space: Space, name: str) -> torch.Tensor | None:
    return torch.zeros(2, space.label_width) if space.attributes else None


def test_a_translation_whose_source_is_read(faces: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    made = found_in(lambda: faces.translate(FACES, "glasses=yes"), networks_of(faces), monkeypatch)
    assert made.shape == FACES.shape


def test_a_chain(faces: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    made = found_in(lambda: faces.chain(FACES, ["glasses=yes", "hair=blond"]), networks_of(faces), monkeypatch)
    assert len(made) == 2


def test_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """How far the generator looks is found on the CPU, once: without numbers there is nothing to find."""
    model = vv.load("avatars", device="cpu")
    large = np.tile(FACES[0], (4, 4, 1))
    model = Model(model.name, model.method, model.record, model.labeller)
    whole = model.translate(large, "glasses=yes", source="glasses=no", full_size=True)
    model.to(META)
    translator = [model.method.translator]
    made = found_in(
        lambda: model.translate(large, "glasses=yes", source="glasses=no", full_size=True, memory=30), translator, monkeypatch
    )
    assert made.size == whole.size == (256, 256)


@pytest.fixture
def reader() -> Labeller:
    space = open_dataset("avatars", 32).space
    return Labeller(network_for(space).eval(), space, 1.0, None).to(META)


def test_labels(reader: Labeller, monkeypatch: pytest.MonkeyPatch) -> None:
    read = found_in(lambda: reader.read(FACES[:, :32, :32]), [reader.network], monkeypatch)
    assert read.device == CPU and read.shape == (4, reader.space.label_width)


@pytest.mark.filterwarnings("ignore:Seems like `optimizer.step")
def test_the_training_of_a_labeller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path))
    space = Space({"faces": ImageSpec(3, 8, 8)}, (Binary("glasses"),))
    training = LabellerTraining(noise(space), rounds=(1,), device=META)
    monkeypatch.setattr(training._optimizer, "step", lambda: None)  # AdamW's steps count on the CPU
    found_in(training._learn, [training._network], monkeypatch)


def test_features(monkeypatch: pytest.MonkeyPatch) -> None:
    extractor, network = lite0(META), load_lite0(META)
    found = found_in(lambda: extractor.features(FACES), [network], monkeypatch)
    assert found.shape == (4, 1280)
    found_in(lambda: extractor.compared(FACES, [FACES]), [network], monkeypatch)
    found_in(lambda: lite0_at(64, META).look(FACES), [network], monkeypatch)
    found_in(lambda: diversity(lambda batch, seed: batch, [FACES], 2, META), [network], monkeypatch)


@pytest.mark.skipif(not VGG16.exists(), reason="no VGG-16 in VICEVERSA_ASSETS")
def test_features_of_vgg16(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = load_perception(VGG16)
    monkeypatch.setattr(perceptual, "load_perception", lambda weights: kept)
    network = vgg16_at(64, VGG16, META)
    layers = torch.nn.ModuleList(kept.on(META).layers.values())
    with one_device(monkeypatch):
        assert len(network.look(FACES)) == 5
        with left_behind(layers), pytest.raises(ApartError):
            network.look(FACES)


@pytest.mark.parametrize("preset", ["relative", "cs231n"])
def test_a_painting(preset: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two sizes, by L-BFGS and by Adam; with a mask, and in colors that are kept."""
    settings = Stylize(preset=preset, size=64, sizes=2, evaluations=3, keep_colors=True)
    with one_device(monkeypatch):
        made = stylize(FACES[0], FACES[1], settings, mask=FACES[2], snapshots=2, device=META)
        assert made.image.size == (64, 64) and len(made.strip) == 2
        monkeypatch.setattr(Perception, "on", lambda network, device: network)
        with pytest.raises(ApartError):
            stylize(FACES[0], FACES[1], settings, device=META)


def test_frames_of_a_clip(faces: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    made = found_in(lambda: list(translated_frames(faces, FACES, "glasses=yes", smooth=0.5)), networks_of(faces), monkeypatch)
    assert len(made) == 4


def test_painted_frames_of_a_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Stylize(size=32, sizes=1, evaluations=2)
    with one_device(monkeypatch):
        assert len(list(stylized_frames(FACES[:2], [FACES[2]], settings, device=META))) == 2
        monkeypatch.setattr(Perception, "on", lambda network, device: network)
        with pytest.raises(ApartError):
            list(stylized_frames(FACES[:2], [FACES[2]], settings, device=META))


def test_an_evaluation(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Translator, discriminator, labeller and features: a whole report."""
    model = vv.load(runs / "labels", device=META)
    report = found_in(
        lambda: vv.evaluate(model, samples=4, cycles=1, steps=1, device=META, quiet=True),
        [model.method.translator, model.method.networks["discriminator"], load_lite0(META)],
        monkeypatch,
    )
    assert {row.model for row in report.rows} >= {"labels", "floor"}


def test_what_an_evaluation_loads(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run of a folder and the labeller go where the features go: the CPU's stay behind otherwise."""
    found = []
    monkeypatch.setattr(
        "viceversa.evaluation.evaluate.compared", lambda candidates, dataset, **given: found.append(given["device"])
    )
    loaded = []
    monkeypatch.setattr("viceversa.evaluation.evaluate.load", lambda run, **given: loaded.append(given["device"]) or vv.load(run))
    with pytest.raises(AttributeError):  # there is no comparison to report
        vv.evaluate(str(runs / "labels"), samples=4, device=META)
    assert found == loaded == [META]


def test_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    for number in range(2):
        (tmp_path / f"chain{number}").mkdir()
        for turn in range(2):
            Image.fromarray(FACES[number + turn]).save(tmp_path / f"chain{number}" / f"turn{turn}.png")
    found_in(lambda: vv.drift(tmp_path, side=64, device=META, quiet=True), [load_lite0(META)], monkeypatch)


def few(dataset: Dataset) -> Dataset:
    """Six images of each split."""
    splits = {
        split: {
            name: Images(each.pixels[:6], each.labels[:6], each.ids[:6]) for name, each in images.items() if each.labels is not None
        }
        for split, images in dataset.splits.items()
    }
    return replace(dataset, splits=splits)


def test_the_judgment_of_a_checkpoint(runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Validation, its labeller, and the sample picture, while a training goes on."""
    model, dataset = vv.load(runs / "labels", device=META), few(open_dataset("avatars", 32))
    trained = trainer(tmp_path, lambda space: model.method, dataset, device=META)
    looked = examination(runs / "labels", dataset, trained.settings, META)
    network = model.method.networks["generator"]
    found_in(lambda: looked(model.method, model.method), [network, model.method.networks["discriminator"]], monkeypatch)
    found_in(lambda: sample_grid(model.method, dataset, 0), [network], monkeypatch)


def test_the_objective_of_a_search(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, dataset = vv.load(runs / "labels", device=META), open_dataset("avatars", 32)
    for objective in ("inv1.changed_accuracy", "inv0.kernel"):
        meter = meter_of(dataset, objective, 4, device=META, quiet=True)
        networks = [model.method.translator, meter.labeller.network if meter.labeller else load_lite0(META)]
        found_in(lambda: meter.measured(model.translate_images), networks, monkeypatch)  # noqa: B023


@pytest.mark.parametrize("device", ABSENT)
def test_a_device_that_is_not_there(device: str, runs: Path, tmp_path: Path) -> None:
    """One line in Python, whatever is asked for, before anything is done."""
    run = str(runs / "labels")
    paths: list[Callable[[], object]] = [
        lambda: device_named(device),
        lambda: vv.load(run, device=device),
        lambda: vv.load(run).to(device),
        lambda: vv.evaluate(run, samples=4, device=device),
        lambda: vv.compare([run], samples=4, device=device),
        lambda: vv.drift(tmp_path, device=device),
        lambda: vv.stylize(FACES[0], FACES[1], device=device),
        lambda: list(stylized_frames(FACES[:2], [FACES[2]], device=device)),
        lambda: vv.train("stargan", out=tmp_path / "run", device=device),
        lambda: vv.tune("stargan", out=tmp_path / "search", device=device),
        lambda: editor_named(run, device=device),
    ]
    for path in paths:
        with pytest.raises(UsageError, match=f"^`device='{device}'`: PyTorch has no such device here \\(.*\\)\\.$"):
            path()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["train", "stargan"], ["translate", "RUN", "RUN"], ["evaluate", "RUN"], ["tune", "stargan"]])
def test_a_device_that_is_not_there_on_the_command_line(words: list[str], runs: Path, tmp_path: Path) -> None:
    given = [str(runs / "labels") if word == "RUN" else word for word in words]
    done = command(*given, "--out", tmp_path / "out", "--device", "abacus", *(["--to", "glasses=yes"] * (words[0] == "translate")))
    assert done.returncode == 2 and not (tmp_path / "out").exists()
    assert done.stderr.strip().splitlines()[-1].startswith("viceversa: --device abacus: PyTorch has no such device here"), (
        done.stderr
    )


def test_a_named_device_and_the_automatic_one() -> None:
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert device_named().type == device_named("auto").type == best
    assert device_named("cpu") == device_named(CPU) == CPU
    assert vv.load("avatars", device="cpu").device == CPU


def test_features_are_asked_for_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant of the lookup, which the other tests do not touch: Lite0 found on the CPU, whatever is asked for."""
    cpu = load_lite0()
    monkeypatch.setattr(features, "load_lite0", lambda device: cpu)
    with one_device(monkeypatch), pytest.raises(ApartError):
        lite0(META).features(FACES)


PEAK = """
from viceversa.device import peak_memory
before = peak_memory()
taken = b"x" * (before + 2**26)
del taken
print(before, peak_memory())
"""


def test_peak_memory_counts_what_was_taken_and_given_back() -> None:
    """In bytes, on every system: 64 MiB more than before, at least."""
    before, after = map(int, run(PEAK).stdout.split())
    assert before + 2**26 < after < 3 * before + 2**27
