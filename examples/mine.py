"""A method of one's own, in one file: it repaints images so that a little reader sees the target's label in them.

vv.train(build, data="avatars", out="runs/mine") trains it; vv.load("runs/mine", build=build) loads it. On the command line,
`viceversa train mine:build` trains it, and `viceversa translate RUN IMAGE --to TARGET --build mine:build` uses it.
"""

import torch
import torch.nn.functional as F
from torch import nn

from viceversa import Journey, Method, Need, Objective, Optimizer, Phase, relabeled, to_labels


class Painter(nn.Module):
    def __init__(self, labels):
        super().__init__()
        self.colors = nn.Conv2d(3 + labels, 3, 3, 1, 1)

    def forward(self, image, source, target):
        planes = target.label[:, :, None, None].expand(-1, -1, *image.shape[2:])
        return torch.tanh(image + self.colors(torch.cat([image, planes], 1)))


class Relabeling:
    def __init__(self, space, painter):
        self.needs, self.painter = (Need("picture", space.only),), painter

    def __call__(self, batch, draws):
        real = batch["picture"]
        target = relabeled(real, "target", draws)
        return [Journey(real, lambda number: target, translate=self.painter, discriminate=None, draws=draws)]


def build(space):
    painter = Painter(space.label_width)
    reader = nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, space.label_width))

    def reading(journey):
        return space.classification(reader(journey.image), journey.source.label)

    def painting(journey):
        return space.classification(reader(journey.translated), journey.target.label)

    def keeping(journey):
        return F.l1_loss(journey.translated, journey.image)

    plan, adam = Relabeling(space, painter), Optimizer(1e-3)
    return Method(
        translator=painter,
        networks=nn.ModuleDict({"painter": painter, "reader": reader}),
        optimizers={"painter": adam, "reader": adam},
        phases=(
            Phase("reader", ("reader",), plan, Objective(reading=(1, reading))),
            Phase("painter", ("painter",), plan, Objective(painting=(1, painting), keeping=(10, keeping))),
        ),
        destination=to_labels(space),
        averaged=("painter",),
    )
