"""What the studio computes, without a browser: controls, examples, chains, runs, paintings, and whom it answers."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image

import viceversa as vv
from serving.small_trainings import training
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.routing import routing_of
from viceversa.core.space import ImageSpec, Space
from viceversa.data.sets.avatars import SPLITS, labels_of, render
from viceversa.errors import UsageError
from viceversa.evaluation.report.strips import strips_markup
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.metrics.health import COLLAPSED
from viceversa.runs.folder import LOCK
from viceversa.serving.studio import painter
from viceversa.serving.studio.controls import chain_of, edits_of, painted_mask, reading, translated, values_of, wanted
from viceversa.serving.studio.examples import examples_of
from viceversa.serving.studio.guards import refusal
from viceversa.serving.studio.library import library_of
from viceversa.serving.studio.painter import painted
from viceversa.serving.studio.trainings import differences_markup, report_markup, run_markup, sample_files, stamp
from viceversa.serving.studio.walking import strip_of, walk
from viceversa.style.stylize import Stylize

SPACE = Space({"faces": ImageSpec(3, 8, 8)}, (OneOf("hair", ("black", "blond")), Binary("glasses"), Graded("age", 3, 0, 80)))


@pytest.fixture(scope="module")
def avatars() -> Model:
    return vv.load("avatars", device="cpu")


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test face as a file."""
    persons = SPLITS["test"][:1]
    path = tmp_path_factory.mktemp("faces") / "face.png"
    Image.fromarray(render(persons, labels_of(persons), 64)[0]).save(path)
    return path


def test_controls_show_a_label_and_only_what_is_changed_is_asked_for(avatars: Model, face: Path) -> None:
    assert values_of(SPACE, torch.tensor([[0.0, 1.0, 1.0, 0.5]])) == {"hair": "blond", "glasses": True, "age": 40.0}
    read = reading(avatars, face).values
    assert read is not None and set(read) == {attribute.name for attribute in avatars.space.attributes}
    shown = {f"to {name}": value for name, value in read.items()}
    with pytest.raises(UsageError, match="nothing is changed"):
        wanted(avatars, read, shown)
    asked = wanted(avatars, read, {**shown, "to glasses": not read["glasses"]})
    assert asked.to == {"glasses": not read["glasses"]} and asked.source == {}


def test_without_a_labeller_a_person_says_what_the_image_shows(avatars: Model) -> None:
    named = {
        attribute.name: (False if isinstance(attribute, Binary) else attribute.values[0]) for attribute in avatars.space.attributes
    }
    named["tone"] = 0.5
    shown = {f"from {name}": value for name, value in named.items()} | {f"to {name}": value for name, value in named.items()}
    asked = wanted(avatars, None, {**shown, "to beard": True})
    assert asked.to == {"beard": True} and asked.source == named


def test_the_studio_translates_as_the_model_does(avatars: Model, face: Path) -> None:
    read = reading(avatars, face).values
    assert read is not None
    asked = wanted(avatars, read, {**{f"to {name}": value for name, value in read.items()}, "to hair": "brown", "to tone": 1.0})
    made = translated(avatars, face, asked).after.colors
    assert np.array_equal(made, np.asarray(avatars.translate(face, asked.to)))


def test_the_edits_of_a_chain_are_all_that_the_space_knows() -> None:
    labels = ["hair=black", "hair=blond", "glasses=yes", "glasses=no", "age=0", "age=40", "age=80"]
    assert edits_of(routing_of(SPACE)) == labels
    assert edits_of(routing_of(Space({"summer": ImageSpec(3, 8, 8), "winter": ImageSpec(3, 8, 8)}))) == ["summer", "winter"]
    assert all(len(routing_of(SPACE).target(routing_of(SPACE).start(torch.zeros(1, 4)), edit).label[0]) == 4 for edit in labels)
    assert chain_of(" glasses=yes\n\nhair=blond ") == ["glasses=yes", "hair=blond"]
    with pytest.raises(UsageError, match="empty"):
        chain_of(" \n")


def test_what_a_model_does_not_know_is_told_before_it_is_translated(avatars: Model, face: Path, tmp_path: Path) -> None:
    noise = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(noise)
    assert "does not look like" in reading(avatars, noise).doubt
    assert reading(avatars, face).doubt == ""


def test_paint_becomes_a_mask_of_the_images_size_that_keeps_all_else(avatars: Model, face: Path) -> None:
    layer = np.zeros((320, 320, 4), np.uint8)
    assert painted_mask([layer], face) is None
    layer[:160, :, 3] = 255
    mask = painted_mask([layer], face)
    assert mask is not None and mask.size == (64, 64)
    assert np.array_equal(np.asarray(mask), np.repeat([[255], [0]], 32, 0).repeat(64, 1))
    asked = wanted(avatars, {"hair": "black"}, {"to hair": "blond"})
    pair = translated(avatars, face, type(asked)(asked.to, asked.source, Manner(region=vv.Region(mask))))
    same = (pair.before.colors == pair.after.colors).all((1, 2))
    assert same[32:].all() and not same[:32].all()


def test_test_images_have_true_edits_along_a_chain(avatars: Model) -> None:
    examples = examples_of(avatars)
    assert examples is not None and len(examples.images) == 60
    label = labels_of([9001])
    away, back = (f"glasses={('no', 'yes')[int(value)]}" for value in (1 - label[0, 3], label[0, 3]))
    edited = label.copy()
    edited[0, 3] = 1 - edited[0, 3]
    truths = examples.truths(avatars, 1, [away, back])
    assert truths[0] is not None and np.array_equal(truths[0], render([9001], edited, 64)[0])
    assert truths[1] is not None and np.array_equal(truths[1], examples.images.pixels[1])


def test_a_chain_has_its_drift_and_its_error_after_each_step(avatars: Model, tmp_path: Path) -> None:
    examples = examples_of(avatars)
    assert examples is not None
    file, edits = tmp_path / "one.png", ["hair=brown", "smile=yes"]
    Image.fromarray(examples.images.pixels[1]).save(file)
    truths = examples.truths(avatars, 1, edits)
    walked = walk(avatars, file, edits, truths)
    chain = avatars.chain(file, edits)
    for step, image, truth in zip(walked.steps, chain, truths, strict=True):
        assert truth is not None and np.array_equal(step.pixels, np.asarray(image))
        assert step.error == pytest.approx(np.abs(step.pixels.astype(float) - truth).mean())
        assert step.drift == pytest.approx(np.abs(step.pixels.astype(float) - examples.images.pixels[1]).mean())
    page = strips_markup([strip_of({"avatars": walked}, edits, truths)])
    assert page.count("<img") == 3 + 2 and "1: hair=brown" in page and f"error {walked.steps[0].error:.1f}" in page
    unknown = walk(avatars, file, edits, [None, None])
    assert unknown.steps[0].error is None and strips_markup([strip_of({"a": unknown}, edits, [None, None])]).count("<img") == 3


def test_a_run_is_shown_while_it_is_written_and_its_files_are_only_read(tmp_path: Path) -> None:
    run = training(tmp_path / "run")
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 11, "generat')
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    page = run_markup(run)
    assert "step 10 of 20" in page and "generator/<wbr>adversarial" in page and "psnr_to_truth" in page and COLLAPSED.name in page
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert ">stopped<" in page
    assert [int(path.stem) for path in sample_files(run)][::11] == [20, 3] and len(sample_files(run)) == 12


def test_a_stamp_changes_when_a_training_writes_and_when_it_ends(tmp_path: Path) -> None:
    run = training(tmp_path / "run")
    first = stamp(run)
    assert stamp(run) == first
    with FileLock(run / LOCK):
        assert stamp(run) != first and ">training<" in run_markup(run)
    assert (run / LOCK).exists() and stamp(run) == first, "a lock that nobody holds is a file as a killed training leaves it"
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 11, "generator/adversarial": 0.1}) + "\n")
    assert stamp(run) != first


def test_two_runs_differ_in_what_their_table_says(tmp_path: Path) -> None:
    one, other = training(tmp_path / "one"), training(tmp_path / "other", steps=30)
    assert "training.steps" in (page := differences_markup([one, other])) and ">20<" in page and ">30<" in page
    assert "same settings" in differences_markup([one, one])


def test_a_report_is_shown_in_a_frame_without_rights() -> None:
    page = report_markup('<html><p class="a">1 & 2</p></html>')
    assert "sandbox srcdoc" in page and "allow" not in page and "&lt;p class=&quot;a&quot;&gt;1 &amp; 2" in page
    with pytest.raises(UsageError, match="script"):
        report_markup("<SCRIPT>alert(1)</SCRIPT>")


def test_a_library_has_what_lies_below_its_folders_and_no_links(tmp_path: Path) -> None:
    run = training(tmp_path / "runs" / "deep" / "a")
    outside = training(tmp_path / "outside")
    (tmp_path / "runs" / "link").symlink_to(outside)
    (tmp_path / "runs" / "report.html").write_text("<p>found</p>")
    (tmp_path / "runs" / ".hidden").mkdir()
    (tmp_path / "runs" / ".hidden" / "report.html").symlink_to("/etc/passwd")
    (tmp_path / "runs" / "deep" / "report.html").symlink_to("/etc/passwd")
    library = library_of([tmp_path / "runs"])
    assert library.runs == {str(run): run} and library.models == ["avatars", "icons", str(run)]
    assert list(library.reports) == [str(tmp_path / "runs" / "report.html")]
    for ask in (library.open, library.run, library.report):
        with pytest.raises(UsageError):
            ask(str(outside))
    (run / "metrics.jsonl").unlink()
    (run / "metrics.jsonl").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="link"):
        library.run(str(run))
    with pytest.raises(UsageError, match="neither a folder nor an exported model"):
        library_of([tmp_path / "nothing"])


@pytest.mark.parametrize(
    ("method", "path", "host", "origin", "refused"),
    [
        ("GET", "/", "127.0.0.1:7860", "", False),
        ("GET", "/", "localhost:9", "", False),
        ("POST", "/gradio_api/queue/join", "127.0.0.1:7860", "http://127.0.0.1:7860", False),
        ("POST", "/gradio_api/queue/join", "127.0.0.1:7860", "http://evil.example", True),
        ("POST", "/gradio_api/queue/join", "127.0.0.1:7860", "http://127.0.0.1:8000", True),
        ("POST", "/gradio_api/upload", "127.0.0.1:7860", "", True),
        ("POST", "/gradio_api/upload", "127.0.0.1:7860", "null", True),
        ("GET", "/", "evil.example:7860", "", True),
        ("GET", "/gradio_api/file=https://evil.example/a.png", "127.0.0.1:7860", "", True),
    ],
)
def test_only_its_own_page_on_this_machine_is_answered(method: str, path: str, host: str, origin: str, refused: bool) -> None:
    assert bool(refusal(method, path, host, origin)) == refused


def test_a_painting_shows_pictures_on_the_way_and_stops_when_nobody_wants_it(face: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, endless = Stylize(size=32, sizes=1, evaluations=4), Stylize(size=32, sizes=1, evaluations=1_000_000)
    views = list(painted(face, [face], settings, "cpu"))
    assert [view.done for view in views] == [1, 2, 3, 4, 4] and views[-1].image.size == (32, 32)
    with pytest.raises(UsageError, match="name a style"):
        list(painted(face, [], settings, "cpu"))
    monkeypatch.setattr(painter, "VIEWS", endless.evaluations)
    left = painted(face, [face], endless, "cpu")
    next(left)
    left.close()
    unwanted = threading.Event()
    done = 0
    for view in painted(face, [face], endless, "cpu", unwanted):
        done = view.done
        unwanted.set()
    assert done < 100
    assert not [thread for thread in threading.enumerate() if thread.name == "painting"]
