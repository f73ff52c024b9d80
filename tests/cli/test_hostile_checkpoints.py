"""Checkpoints and labellers of strangers: code in them never runs, and what does not fit is refused, whatever the manifest says."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from cli.hostile import ODD, World, mutated, mutations, places_of, restructured

FILES = ("networks.safetensors", "averages.safetensors", "training.pt")


class Code:
    """A pickle of it makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("beside/ran",)


def _saved(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def _seal(checkpoint: Path, **files: bytes) -> None:
    """Other contents of a checkpoint's files, by their names without suffixes, with a manifest that fits them."""
    for path in checkpoint.iterdir():
        path.write_bytes(files.get(path.stem, path.read_bytes()))
    seals = {name: (len(content := (checkpoint / name).read_bytes()), hashlib.sha256(content).hexdigest()) for name in FILES}
    (checkpoint / "manifest.json").write_text(json.dumps(seals))


@pytest.mark.parametrize("made_by", ["stargan", "cyclegan"])
def test_checkpoints_with_code_in_them_are_refused(world: World, made_by: str) -> None:
    """In every form that PyTorch has written pickles in; the file that holds it is named, and nothing of it runs."""
    last = Path("run/checkpoints/00000002")
    whole = torch.load(world.root / "made" / made_by / "checkpoints" / "00000002" / "training.pt", weights_only=True)
    forms = [pickle.dumps(Code()), _saved(Code()), _saved(Code(), _use_new_zipfile_serialization=False)]
    forms += [_saved({**whole, "memory": Code()}), _saved({**whole, "step": Code()}), pickle.dumps(Code(), 0)]
    for form in forms:
        world.renew(made_by)
        _seal(last, training=form)
        before = (last / "training.pt").read_bytes()
        assert world.resumes(made_by) == 2
        assert world.translates(made_by) == 0, "which does not read it"
        assert not Path("beside/ran").exists() and (last / "training.pt").read_bytes() == before
        _seal(last, networks=form, averages=form)
        assert world.translates(made_by) == 2 and not Path("beside/ran").exists()


def _tensors(value: Any) -> list[tuple[Any, Any]]:
    """Each tensor of a nested value, by what holds it and its key there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, part in pairs for found in ([(value, key)] if torch.is_tensor(part) else _tensors(part))]


def _retensored(value: Any, number: int, how: str) -> Any:
    """The value with another shape, type or content of one of its tensors, or under another name."""
    holder, key = (places := _tensors(value))[number % len(places)]
    tensor = holder[key]
    match how:
        case "shape":
            holder[key] = torch.zeros(*tensor.shape, 2)
        case "type":
            holder[key] = tensor.to((torch.complex64, torch.int64, torch.float16, torch.bool)[number % 4])
        case "nan":
            holder[key] = torch.full_like(tensor, float("nan")) if tensor.is_floating_point() else tensor
        case "name":
            holder["\x1b[31m"] = holder.pop(key)
        case "gone":
            del holder[key]
        case "empty":
            holder.clear()
    return value


HOW = st.sampled_from(["shape", "type", "nan", "name", "gone", "empty"])


@pytest.mark.parametrize("made_by", ["stargan", "cyclegan"])
def test_weights_that_do_not_fit(world: World, made_by: str) -> None:
    """Under a manifest that fits them, of either file of weights."""
    last, codes = Path("run/checkpoints/00000002"), set()

    @mutations(15)
    @given(which=st.sampled_from(FILES[:2]), number=st.integers(0, 200), how=HOW, raw=st.booleans(), data=st.data())
    def attack(which: str, number: int, how: str, raw: bool, data: st.DataObject) -> None:
        world.renew(made_by)
        content = (last / which).read_bytes()
        if raw:
            content = data.draw(mutated(content[:400])) + content[400:]
        elif tensors := safetensors.torch.load(content):
            content = safetensors.torch.save(_retensored(tensors, number, how))
        _seal(last, **{which.split(".")[0]: content})
        codes.add(world.translates(made_by))
        codes.add(world.resumes(made_by))

    attack()
    assert 2 in codes


@pytest.mark.parametrize("made_by", ["stargan", "cyclegan"])
def test_states_of_training_that_do_not_fit(world: World, made_by: str) -> None:
    """Of the optimizers and the pool of images, under a manifest that fits them."""
    last, codes = Path("run/checkpoints/00000002"), set()
    original = (world.root / "made" / made_by / "checkpoints" / "00000002" / "training.pt").read_bytes()

    @mutations(18)
    @given(number=st.integers(0, 200), how=HOW, way=st.sampled_from(["tensor", "value", "raw"]), data=st.data())
    def attack(number: int, how: str, way: str, data: st.DataObject) -> None:
        world.renew(made_by)
        value, content = torch.load(io.BytesIO(original), weights_only=True), b""
        match way:
            case "tensor":
                _retensored(value, number, how)
            case "value":
                places = list(places_of(value))
                holder, key = places[number % len(places)]
                holder[key] = data.draw(st.sampled_from(ODD))
            case _:
                content = data.draw(mutated(original))
        _seal(last, training=content or _saved(value))
        codes.add(world.resumes(made_by))

    attack()
    assert codes >= {0, 2}


def test_labellers_that_do_not_fit(world: World) -> None:
    """Of other bytes, tensors and metadata; nothing is said of the image, so that it is read."""
    original = (world.root / "made" / "stargan" / "labeller.safetensors").read_bytes()
    codes = set()

    @mutations(20)
    @given(number=st.integers(0, 200), how=HOW, way=st.sampled_from(["tensor", "metadata", "raw"]), data=st.data())
    def attack(number: int, how: str, way: str, data: st.DataObject) -> None:
        world.renew()
        path = world.run / "labeller.safetensors"
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata()
        tensors = safetensors.torch.load(original)
        if way == "metadata":
            name = ("space", "space", "accuracy", "accuracy_edits")[number % 4]
            metadata[name] = json.dumps(
                data.draw(restructured(metadata[name]) if name == "space" else st.sampled_from([*ODD, {}, "x"]))
            )
        changed = safetensors.torch.save(_retensored(tensors, number, how) if way == "tensor" else tensors, metadata)
        path.write_bytes(data.draw(mutated(original[:3000])) + original[3000:] if way == "raw" else changed)
        codes.add(world.survives("translate", "run", "people/faces/0.png", "--to", "glasses=yes", "--overwrite", out="out"))

    world.renew()  # of another accuracy it is still a labeller: one that is read, whatever is drawn
    with safetensors.safe_open(world.run / "labeller.safetensors", "pt") as file:
        metadata = {**file.metadata(), "accuracy": "0.5"}
    (world.run / "labeller.safetensors").write_bytes(safetensors.torch.save(safetensors.torch.load(original), metadata))
    codes.add(world.survives("translate", "run", "people/faces/0.png", "--to", "glasses=yes", "--overwrite", out="out"))
    attack()
    assert codes == {0, 2}
