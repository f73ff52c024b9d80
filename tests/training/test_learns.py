"""That a training learns: StarGAN switches a lamp on and off, in a corner of pictures that are noise elsewhere."""

from __future__ import annotations

from pathlib import Path

import torch

from contracts.cases import MASKED
from training.small import trainer
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.method import Method, Request
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.device import CPU
from viceversa.images.normalizing import normalized, quantized
from viceversa.methods import stargan
from viceversa.metrics.health import signs
from viceversa.training.examination import examination

ROOM = Space({"rooms": ImageSpec(3, 8, 8)}, (Binary("lamp"),))
SETTINGS = MASKED.model_copy(update={"width": 12, "critic_width": 16, "learning_rate": 1e-3})


def rooms(split: str, count: int) -> Images:
    """Half of the rooms with the lamp, 2x2 px, on: dim random walls, and a lamp that is white or black."""
    pixels = torch.randint(60, 140, (count, 8, 8, 3), generator=seeded("rooms", split), dtype=torch.uint8)
    lamp = torch.arange(count) % 2
    pixels[:, 2:4, 2:4] = (255 * lamp).byte()[:, None, None, None]
    return Images(pixels.numpy(), lamp[:, None].float(), tuple(map(str, range(count))))


def build(space: Space) -> Method:
    return stargan.build(space, SETTINGS)


def test_stargan_learns_an_attribute(tmp_path: Path) -> None:
    splits = {name: {"rooms": rooms(name, count)} for name, count in (("train", 512), ("validation", 64), ("test", 200))}
    dataset = Dataset("rooms-v1", ROOM, splits)
    training = trainer(tmp_path, build, dataset, steps=300, batch=16)
    training.train(300)
    method, test = training.translating(), splits["test"]["rooms"]
    image, wanted = normalized(torch.tensor(test.pixels)), 1 - test.labels
    with torch.no_grad():
        translated = method.translate(image, Domain("rooms", test.labels), method.destination(Request(label=wanted)))
    pixels = torch.tensor(quantized(translated)).float()
    seen = (pixels[:, 2:4, 2:4].mean((1, 2, 3)) > 127.5).float()
    for target in (0, 1):
        asked = wanted[:, 0] == target
        assert (seen[asked] == target).float().mean() >= 0.95
    walls = torch.ones(8, 8, dtype=torch.bool)
    walls[1:5, 1:5] = False
    change = (pixels - torch.tensor(test.pixels).float()).abs()[:, walls].mean()
    assert change < 20, "the walls are of 60 to 139: they are to stay, not to be painted anew (26 to a gray mean)"
    _, measures = examination(tmp_path, dataset, training.settings, CPU)(training.method, training.translating())
    assert "separation" in measures and not signs(measures), "a training that learns looks healthy"
