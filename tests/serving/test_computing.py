"""What a worker computes: batches that answer as single requests do, and refusals that concern one request only."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

import viceversa as vv
from viceversa.data.sets.avatars import SPLITS, labels_of, render
from viceversa.inference.model import Model
from viceversa.serving.api.computing import computed
from viceversa.serving.api.messages import Ask, Form, Made, Refused

MOST = 10**6


@pytest.fixture(scope="module")
def avatars() -> Model:
    return vv.load("avatars", device="cpu")


@pytest.fixture(scope="module")
def faces() -> list[bytes]:
    persons = SPLITS["test"][:5]
    return [content(Image.fromarray(each)) for each in render(persons, labels_of(persons), 64)]


def content(image: Image.Image, form: str = "png") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(int)


def images_of(answer: Made | Refused) -> Sequence[bytes]:
    assert isinstance(answer, Made), answer
    return answer.images


def test_a_batch_answers_as_its_images_do_alone_and_as_the_model_does(avatars: Model, faces: list[bytes]) -> None:
    edits = [("glasses=yes", "hair=blond"), ("beard=yes", "glasses=no"), ("hair=black", "smile=yes")]
    asks = [Ask("avatars", face, targets) for face, targets in zip(faces, edits, strict=False)]
    together = [images_of(each) for each in computed(avatars, asks, MOST)]
    for ask, found in zip(asks, together, strict=True):
        (alone,) = computed(avatars, [ask], MOST)
        expected = avatars.chain(Image.open(io.BytesIO(ask.image)), ask.targets)
        for batched, single, image in zip(found, images_of(alone), expected, strict=True):
            assert np.abs(pixels(batched) - pixels(single)).max() <= 1
            assert np.abs(pixels(batched) - np.asarray(image).astype(int)).max() <= 1
    assert len({each for found in together for each in found}) == 6


def test_a_bad_request_is_refused_alone(avatars: Model, faces: list[bytes]) -> None:
    large = content(Image.new("RGB", (1200, 1200)))
    asks = [
        Ask("avatars", faces[0], ("glasses=yes",)),
        Ask("avatars", b"no image", ("glasses=yes",)),
        Ask("avatars", faces[1], ("glasses=perhaps",)),
        Ask("avatars", large, ("glasses=yes",)),
        Ask("avatars", faces[2], ("glasses=yes",)),
    ]
    first, broken, unknown, huge, last = computed(avatars, asks, MOST)
    assert isinstance(broken, Refused) and broken.status == 422 and "image" in broken.reason
    assert isinstance(unknown, Refused) and unknown.status == 422 and "perhaps" in unknown.reason
    assert isinstance(huge, Refused) and huge.status == 413
    for answer, face in ((first, faces[0]), (last, faces[2])):
        (alone,) = computed(avatars, [Ask("avatars", face, ("glasses=yes",))], MOST)
        assert np.abs(pixels(images_of(answer)[0]) - pixels(images_of(alone)[0])).max() <= 1


def test_a_step_that_no_model_knows_is_refused_wherever_it_is_in_the_chain(avatars: Model, faces: list[bytes]) -> None:
    for targets in (("hat=yes", "glasses=yes"), ("glasses=yes", "hat=yes")):
        (answer,) = computed(avatars, [Ask("avatars", faces[0], targets)], MOST)
        assert isinstance(answer, Refused) and "hat" in answer.reason
    (answer,) = computed(avatars, [Ask("avatars", faces[0], ("glasses=yes",), seed=3)], MOST)
    assert isinstance(answer, Refused) and "seed" in answer.reason


@pytest.mark.parametrize(("form", "kind"), [("png", "PNG"), ("webp", "WEBP"), ("jpeg", "JPEG")])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16"])
def test_results_have_the_format_that_is_asked_for(avatars: Model, form: Form, kind: str, mode: str) -> None:
    image = Image.new(mode, (70, 50), 40_000 if mode == "I;16" else 0)
    (answer,) = computed(avatars, [Ask("avatars", content(image), ("glasses=yes",), full_size=True, form=form)], MOST)
    made = Image.open(io.BytesIO(images_of(answer)[0]))
    assert (made.format, made.size) == (kind, (70, 50))
    if mode != "I;16" and form == "jpeg":
        assert np.asarray(made.convert("L")).min() >= 254  # white where it was transparent
    if mode != "I;16" and form != "jpeg":
        assert np.asarray(made.convert("RGBA"))[..., 3].max() == 0


def test_an_image_unlike_the_training_images_is_told_so(avatars: Model, faces: list[bytes]) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    usual, strange = computed(avatars, [Ask("avatars", each, ("glasses=yes",)) for each in (faces[0], content(noise))], MOST)
    assert isinstance(usual, Made) and not usual.warning
    assert isinstance(strange, Made) and "does not look like" in strange.warning
