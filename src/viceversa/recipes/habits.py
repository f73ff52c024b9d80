"""Options that people know from other projects (pytorch-CycleGAN-and-pix2pix, StarGAN): which of ours does the same, or why
there is none; and the nearest of ours for one that is misspelt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

OURS: Mapping[str, str] = {
    "critic-learning-rate": "d-lr lr-d critic-lr",
    "learning-rate": "lr g-lr lr-g d-lr lr-d critic-lr",
    "batch": "batch-size bs",
    "epochs": "n-epochs num-epochs niter",
    "steps": "num-iters iterations total-iters max-steps",
    "decay": "lr-policy lr-decay num-iters-decay n-epochs-decay niter-decay",
    "size": "image-size img-size resolution crop-size",
    "resize-to": "load-size",
    "crop": "celeba-crop-size rafd-crop-size",
    "data": "dataroot data-dir dataset train-img-dir celeba-image-dir rafd-image-dir attr-path",
    "attributes": "selected-attrs",
    "out": "name checkpoints-dir checkpoint-dir results-dir result-dir model-save-dir log-dir sample-dir output output-dir",
    "resume": "resume-iters resume-iter continue-train",
    "init": "pretrained",
    "checkpoint": "epoch load-iter test-iters",
    "samples": "num-test",
    "to": "direction target",
    "width": "ngf g-conv-dim",
    "critic-width": "ndf d-conv-dim",
    "critic-layers": "n-layers-d",
    "blocks": "netg g-repeat-num",
    "critic-steps": "n-critic",
    "gan": "gan-mode",
    "pool": "pool-size",
    "cycle": "lambda-a lambda-rec lambda-cyc",
    "cycle-back": "lambda-b",
    "distance": "lambda-l1",
    "identity": "lambda-identity",
    "classification": "lambda-cls",
    "gradient-penalty": "lambda-gp",
    "gamma": "lambda-reg",
    "precision": "amp fp16 bf16 mixed-precision",
    "checkpoint-every": "save-epoch-freq save-latest-freq save-every model-save-step",
    "sample-every": "display-freq sample-step",
}
"""The last part of our option, as `learning-rate` of --method.learning-rate -> theirs; of two, the first that a method has."""

WHY: Mapping[str, str] = {
    "choose the GPU by a variable before the command, as in CUDA_VISIBLE_DEVICES={value}": "gpu gpus gpu-id gpu-ids",
    "a GPU is used if there is one; hide it by a variable before the command, CUDA_VISIBLE_DEVICES= with nothing behind it": (
        "device cuda"
    ),
    "hide the GPUs by a variable before the command, as in CUDA_VISIBLE_DEVICES= with nothing behind it": "cpu no-cuda use-cpu",
    "images are decoded once and kept, so there are no workers to count": "num-workers num-threads workers",
    "name the recipe or the run first, behind the command": "model",
    "training, translating and measuring are three commands: train, translate and evaluate": "mode phase",
    "the recipe chooses how data is read": "dataset-mode",
    "images are cut to their middle square and resized; --crop, --filter and --training.resize-to change that": "preprocess",
    "images are mirrored only with --training.flip": "no-flip",
    "the data says how many there are": "input-nc output-nc c-dim",
    "each method has the betas of its paper": "beta1 beta2",
    "losses are always written to the run's folder, for TensorBoard too": "log-step print-freq use-tensorboard use-wandb",
}
"""Why there is none of ours -> theirs. {value} is what was given to it."""

WORDS = ("true", "false", "yes", "no", "on", "off")


def advice(arguments: Sequence[str], wrong: str, known: Sequence[str]) -> str:
    """What to write instead of an argument that nothing takes; "" where there is nothing near.

    known: the options that there are, with their dashes.
    """
    place = next((number for number, each in enumerate(arguments) if each == wrong or each.endswith(f"={wrong}")), 0)
    if wrong.lower() in WORDS:
        flag = arguments[place].partition("=")[0] if "=" in arguments[place] else arguments[max(place - 1, 0)]
        return f"{flag} takes no value: write {_positive(flag)} or {_negative(flag)}."
    if not wrong.startswith("-"):
        return ""
    option, _, value = wrong.partition("=")
    value = value or next(iter(arguments[place + 1 : place + 2]), "")
    name = option.lstrip("-").lower().replace("_", "-")
    if there := [_called(ours, known) for ours in _keys(OURS, name)]:
        return next((f"Here it is {ours}." for ours in there if ours), "")
    for reason in _keys(WHY, name):
        return f"There is none: {reason.replace('{value}', '0' if value.startswith('--') else value or '0')}."
    near = _called(name, known) or _nearest(name, known)
    return f"Did you mean {near}?" if near else ""


def advice_in_python(name: str, value: Any, known: Sequence[str]) -> str:
    """The same for a setting of `viceversa.train` that no recipe has. known: the dotted names of those that there are."""
    wrong = f"--{name.removeprefix('training.')}={value}"
    options = [f"--{each.replace('_', '-')}" for each in (*known, "out", "epochs", "resume")]

    def argument(found: re.Match[str]) -> str:
        place = found[0].removeprefix("--").replace("-", "_")
        short = place.removeprefix("training.")
        shown = repr(value) if isinstance(value, int | float) else "..."
        return f"{short}={shown}" if "." not in short else f"settings={{{place!r}: {shown}}}"

    return re.sub(r"--[a-z][a-z.-]*[a-z]", argument, advice([wrong], wrong, options))


def _positive(flag: str) -> str:
    before, dot, last = flag.removeprefix("--").rpartition(".")
    return f"--{before}{dot}{last.removeprefix('no-')}"


def _negative(flag: str) -> str:
    before, dot, last = _positive(flag).removeprefix("--").rpartition(".")
    return f"--{before}{dot}no-{last}"


def _keys(table: Mapping[str, str], name: str) -> Iterator[str]:
    return (key for key, names in table.items() if name in names.split())


def _called(name: str, known: Sequence[str]) -> str:
    """The shortest of the options that end with this name."""
    return min((option for option in known if _last(option) == name), key=len, default="")


def _nearest(name: str, known: Sequence[str]) -> str:
    """The option that is spelt most like the name, as a whole or in its last part."""
    for near in difflib.get_close_matches(_last(name), map(_last, known), n=1, cutoff=0.75):
        if "." not in name or name.rpartition(".")[0] in _called(near, known):
            return _called(near, known)
    return next(iter(difflib.get_close_matches(f"--{name}", known, n=1)), "")


def _last(option: str) -> str:
    return option.removeprefix("--").rpartition(".")[2]
