"""Speed and parity of style transfer: seconds and losses beside the plain loop of a course's assignment, on the same network.

python -m benchmarks.style CONTENT STYLE --weights squeezenet1_1.safetensors        about 2 minutes
python -m benchmarks.style CONTENT STYLE --weights vgg16.safetensors --preset gatys_torch --evaluations 60     about 6 minutes

The loop is written here on torch alone: features in a list, losses one after the other, one size. Both optimize the same pixels in
the same way, so their losses are equal up to roundings, which grow along the way. Ours are the weighted losses at each step.
docs/style.md shows the figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch import Tensor
from tyro.conf import Positional

from experiments.common import write_json
from viceversa.networks.perception import Perception, load_perception
from viceversa.style.canvas import sized, tensor_of
from viceversa.style.painting import units_of
from viceversa.style.presets import Preset, PresetName
from viceversa.style.stylize import Stylize, stylize


@dataclass(frozen=True)
class Comparison:
    """What is painted, with which network and settings."""

    content: Positional[Path]
    style: Positional[Path]
    weights: Path
    preset: PresetName = "cs231n"
    size: int = 192
    evaluations: int = 100
    repeats: int = 3
    """times that both run, in turns"""
    threads: int = 1
    out: Path | None = None
    """JSON file for the figures"""


def main() -> None:
    """Run both in turns, print and write the figures."""
    asked = tyro.cli(Comparison, description=__doc__)
    torch.set_num_threads(asked.threads)
    settings = Stylize(preset=asked.preset, size=asked.size, sizes=1, evaluations=asked.evaluations)
    found: dict[str, list[tuple[float, float, float]]] = {"ours": [], "loop": []}
    for _ in range(asked.repeats):
        started = time.perf_counter()
        losses = [sum(each.values()) for each in stylize(asked.content, asked.style, settings, weights=asked.weights).losses]
        found["ours"].append((time.perf_counter() - started, losses[0], losses[-1]))
        started = time.perf_counter()
        perception = load_perception(asked.weights)
        images = [sized(tensor_of(path), asked.size) for path in (asked.content, asked.style)]
        other = loop(perception, settings.resolved, *images, asked.evaluations)
        found["loop"].append((time.perf_counter() - started, other[0], other[-1]))
    for name, rows in found.items():
        seconds = sorted(row[0] for row in rows)
        print(f"{name}: {seconds[len(seconds) // 2]:.1f} s, loss {rows[0][1]:.6g} -> {rows[0][2]:.6g}")
    if asked.out:
        facts = {"network": perception.name, "preset": asked.preset, "size": asked.size, "evaluations": asked.evaluations}
        write_json(asked.out, facts | found)


def loop(perception: Perception, preset: Preset, content: Tensor, style: Tensor, evaluations: int) -> list[float]:
    """The losses after each evaluation."""
    mean, scale = (content.new_tensor(color)[:, None, None] for color in units_of(perception, preset))
    layers = list(perception.layers.items())
    last = max(number for number, (name, _) in enumerate(layers) if name in (perception.content, *perception.style))
    inner_mean, inner_scale = (content.new_tensor(color)[:, None, None] for color in (perception.mean, perception.scale))

    def features_of(picture: Tensor) -> list[Tensor]:
        hidden, features = (picture - inner_mean) * inner_scale, []
        for _, layer in layers[: last + 1]:
            hidden = layer(hidden)
            features.append(hidden)
        return features

    def gram_of(features: Tensor) -> Tensor:
        rows = features.reshape(features.shape[1], -1)
        return (rows @ rows.t() / rows.shape[1])[None]

    places = [number for number, (name, _) in enumerate(layers) if name in perception.style]
    place = next(number for number, (name, _) in enumerate(layers) if name == perception.content)
    weights = (*preset.layers, *preset.layers[-1:] * len(places))
    with torch.no_grad():
        wanted, grams = features_of(content)[place], [gram_of(features_of(style)[number]) for number in places]
    pixels = ((content - mean) * scale).contiguous().requires_grad_()

    def loss_of() -> Tensor:
        features = features_of(pixels / scale + mean)
        loss = preset.content * preset.content_distance(features[place], wanted)
        for weight, number, gram in zip(weights, places, grams, strict=False):
            loss = loss + preset.style * weight * preset.style_distance(gram_of(features[number]), gram)
        if preset.variation:
            rows, columns = pixels[:, :, 1:] - pixels[:, :, :-1], pixels[..., 1:] - pixels[..., :-1]
            loss = loss + preset.variation * (rows.square().sum() + columns.square().sum())
        return loss

    return (_adam if preset.optimizer == "adam" else _lbfgs)(pixels, loss_of, evaluations)


def _adam(pixels: Tensor, loss_of: Callable[[], Tensor], evaluations: int) -> list[float]:
    optimizer, losses = torch.optim.Adam([pixels], lr=3.0), list[float]()
    for number in range(evaluations):
        if number < 0.95 * evaluations:
            pixels.data.clamp_(-1.5, 1.5)
        if number == int(0.9 * evaluations):
            optimizer.param_groups[0]["lr"] = 0.1
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def _lbfgs(pixels: Tensor, loss_of: Callable[[], Tensor], evaluations: int) -> list[float]:
    optimizer = torch.optim.LBFGS([pixels], max_iter=evaluations, max_eval=evaluations, tolerance_change=0, tolerance_grad=0)
    losses: list[float] = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        assert pixels.grad is not None
        pixels.grad = pixels.grad.contiguous()
        losses.append(loss.item())
        return loss

    optimizer.step(closure)
    return losses


if __name__ == "__main__":
    main()
