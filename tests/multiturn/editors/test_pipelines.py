"""Diffusion pipelines, tiny ones with random weights, loaded from folders: seeds, instructions, options, and safety checkers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionInstructPix2PixPipeline, StableDiffusionPipeline

from multiturn.editors.stand_in import noise
from multiturn.editors.tiny_pipelines import SIDE, saved
from viceversa.errors import UsageError
from viceversa.multiturn.editors.editor import Edit
from viceversa.multiturn.editors.named import NamedEditor, editor_named
from viceversa.multiturn.editors.pipelines import Diffusion

KINDS = {
    "instruct": StableDiffusionInstructPix2PixPipeline,
    "from an image": StableDiffusionImg2ImgPipeline,
    "from words": StableDiffusionPipeline,
}
IMAGE = noise(SIDE, SIDE)


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = {name: saved(tmp_path_factory.mktemp("kind"), kind) for name, kind in KINDS.items()}
    return {**made, "prudish": saved(tmp_path_factory.mktemp("kind"), KINDS["instruct"], blacks_out=True)}


def edited(editor: NamedEditor, instruction: str = "add a hat", seed: int = 0, image: object = IMAGE) -> np.ndarray:
    made = editor(image, Edit(instruction), seed)  # type: ignore[arg-type]
    assert made.mode == "RGB"
    return np.asarray(made).astype(int)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(abs(one - other).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_the_instruction_the_image_and_the_seed_count(specs: dict[str, str], kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    strength = None if kind == "instruct" else 0.5
    editor = editor_named(specs[kind], diffusion=Diffusion(steps=2, strength=strength), device="cpu")
    assert editor.name == "pipeline"
    first = edited(editor)
    assert first.shape == (SIDE, SIDE, 3) and difference(first, edited(editor)) == 0
    assert difference(first, edited(editor, "remove hat")) > 0.1
    assert difference(first, edited(editor, seed=1)) > 1
    assert difference(first, edited(editor, image=noise(SIDE + 1, SIDE).crop((1, 0, SIDE + 1, SIDE)))) > 1
    gray = IMAGE.convert("L")
    assert difference(edited(editor, image=gray), edited(editor, image=gray.convert("RGB"))) == 0
    assert "it/s" not in (said := capfd.readouterr().err) and "%|" not in said


def test_every_option_has_an_effect(specs: dict[str, str]) -> None:
    given = {
        "instruct": Diffusion(steps=2),
        "steps": Diffusion(steps=3),
        "guidance": Diffusion(steps=2, guidance=3.0),
        "image guidance": Diffusion(steps=2, image_guidance=4.0),
        "dtype": Diffusion(steps=2, dtype="bfloat16"),
    }
    made = {name: edited(editor_named(specs["instruct"], diffusion=options)) for name, options in given.items()}
    plain = made.pop("instruct")
    assert all(difference(plain, other) > 0.05 for other in made.values())
    assert difference(plain, made["dtype"]) < 20
    weak, strong = (
        edited(editor_named(specs["from words"], diffusion=Diffusion(steps=4, strength=strength))) for strength in (0.25, 1.0)
    )
    assert difference(weak, strong) > 1


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        (
            "instruct",
            Diffusion(strength=0.5),
            "`strength=0.5`: .* is a StableDiffusionInstructPix2PixPipeline, which takes no strength",
        ),
        (
            "from words",
            Diffusion(image_guidance=1.5),
            "`image_guidance=1.5`: .* is a StableDiffusionImg2ImgPipeline, which takes no",
        ),
        ("instruct", Diffusion(dtype="int8"), "unknown dtype 'int8'"),  # type: ignore[arg-type]
    ],
)
def test_an_option_that_is_not_taken(specs: dict[str, str], kind: str, options: Diffusion, words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        editor_named(specs[kind], diffusion=options)
    assert "\n" not in str(error.value)


def test_what_the_safety_checker_blacks_out_is_no_answer(specs: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"the safety checker of .* blacked out its answer to 'add a hat'.*`safety=False`"):
        edited(editor_named(specs["prudish"], diffusion=Diffusion(steps=1)))
    free = edited(editor_named(specs["prudish"], diffusion=Diffusion(steps=1, safety=False)))
    assert difference(free, edited(editor_named(specs["instruct"], diffusion=Diffusion(steps=1, safety=False)))) == 0
    assert free.std() > 1


def test_a_pipeline_that_fails_says_so_in_one_line(specs: dict[str, str]) -> None:
    editor = editor_named(specs["from words"], diffusion=Diffusion(strength=2.0))
    with pytest.raises(UsageError, match=r"^diffusers:.* failed: ValueError: .*strength.*\.$") as error:
        edited(editor)
    assert "\n" not in str(error.value)


def test_what_is_no_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "DDPMPipeline"}')
    for source in (str(tmp_path), "nobody/nothing-at-all"):  # the tests have no network
        with pytest.raises(UsageError, match="cannot be loaded as a pipeline that edits images: ") as error:
            editor_named(f"diffusers:{source}")
        assert "\n" not in str(error.value) and len(str(error.value)) < 500
    monkeypatch.setitem(sys.modules, "transformers.utils.logging", None)
    with pytest.raises(UsageError, match=r"needs the packages diffusers and transformers: pip install 'viceversa\[editors\]'"):
        editor_named(f"diffusers:{tmp_path}")


def test_code_in_a_folder_is_refused_and_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": ["own", "Own"], "_diffusers_version": "0.42.0"}))
    (tmp_path / "own.py").write_text(f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\nclass Own: ...\n")
    with pytest.raises(UsageError, match="contains custom code"):
        editor_named(f"diffusers:{tmp_path}")
    assert not (tmp_path / "ran").exists()
