"""Suggestions for unknown settings: the equivalent of a setting of pytorch-CycleGAN-and-pix2pix or StarGAN, the reason why there
is no equivalent, or the setting with the most similar spelling."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

OURS: Mapping[str, str] = {
    "critic_learning_rate": "d-lr lr-d critic-lr",
    "learning_rate": "lr g-lr lr-g d-lr lr-d critic-lr",
    "batch": "batch-size bs",
    "epochs": "n-epochs num-epochs niter",
    "steps": "num-iters iterations total-iters max-steps",
    "decay": "lr-policy lr-decay num-iters-decay n-epochs-decay niter-decay",
    "size": "image-size img-size resolution crop-size",
    "resize_to": "load-size",
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
    "critic_width": "ndf d-conv-dim",
    "critic_layers": "n-layers-d",
    "blocks": "netg g-repeat-num",
    "critic_steps": "n-critic",
    "gan": "gan-mode",
    "pool": "pool-size",
    "cycle": "lambda-a lambda-rec lambda-cyc",
    "cycle_back": "lambda-b",
    "distance": "lambda-l1",
    "identity": "lambda-identity",
    "classification": "lambda-cls",
    "gradient_penalty": "lambda-gp",
    "gamma": "lambda-reg",
    "precision": "amp fp16 bf16 mixed-precision",
    "checkpoint_every": "save-epoch-freq save-latest-freq save-every model-save-step",
    "sample_every": "display-freq sample-step",
}
"""Last part of our setting (`learning_rate` of method.learning_rate) -> names in other projects, separated by spaces. If a name
has two equivalents, the first one that the recipe has is suggested."""

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
    "images are cut to their middle square and resized; `crop`, `filter` and `training.resize_to` change that": "preprocess",
    "images are mirrored only with `training.flip`": "no-flip",
    "the data says how many there are": "input-nc output-nc c-dim",
    "each method has the betas of its paper": "beta1 beta2",
    "losses are always written to the run's folder, for TensorBoard too": "log-step print-freq use-tensorboard use-wandb",
}
"""Reason why there is no equivalent -> names in other projects. {value} is replaced by the given value."""


def suggestion(name: str, value: str, known: Sequence[str]) -> str:
    """Return a sentence with the right setting in backticks, or "" if none is similar.

    Args:
        name: unknown setting, in any spelling.
        value: value of the setting, which the answer may repeat.
        known: dotted names of all settings.
    """
    plain = name.lower().replace("_", "-")
    if there := [_called(ours, known) for ours in _keys(OURS, plain)]:
        return next((f"Here it is `{ours}`." for ours in there if ours), "")
    for reason in _keys(WHY, plain):
        return f"There is none: {reason.replace('{value}', '0' if value.startswith('--') else value or '0')}."
    own = plain.replace("-", "_")
    near = _called(own, known) or _nearest(own, known)
    return f"Did you mean `{near}`?" if near else ""


def _keys(table: Mapping[str, str], name: str) -> Iterator[str]:
    return (key for key, names in table.items() if name in names.split())


def _called(name: str, known: Sequence[str]) -> str:
    """Return the shortest known setting whose last part is this name, or ""."""
    return min((each for each in known if _last(each) == name), key=len, default="")


def _nearest(name: str, known: Sequence[str]) -> str:
    """Return the setting with the most similar spelling, of the last part or of the whole name, or ""."""
    for near in difflib.get_close_matches(_last(name), map(_last, known), n=1, cutoff=0.75):
        if "." not in name or name.rpartition(".")[0] in _called(near, known):
            return _called(near, known)
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")


def _last(setting: str) -> str:
    return setting.rpartition(".")[2]
