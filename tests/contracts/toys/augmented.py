"""A toy of Augmented CycleGAN (arXiv 1802.10151): latent codes on both sides, and cycles of pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contracts.toys.pieces import painter, reader
from viceversa.domains import Space
from viceversa.draws import Draws
from viceversa.gan import LeastSquares
from viceversa.method import Method, Optimizer, Phase, to_spaces
from viceversa.networks.blocks import with_planes
from viceversa.objective import Objective
from viceversa.plans import Batch, Need


@dataclass(eq=False)
class Augmented:
    """b' = G_AB(a, z), a' = G_BA(b), z' = E(a', b) and the three ways back; made anew for each phase."""

    a: Tensor
    b: Tensor
    z: Tensor
    networks: nn.ModuleDict
    graph: bool = True
    made: dict[str, Tensor] = field(default_factory=dict)
    pixels: dict[str, Tensor] = field(default_factory=dict)

    def begin(self, graph: bool) -> Augmented:
        return replace(self, graph=graph, made={} if graph else dict(self.pixels))

    def get(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        if name not in self.made:
            with torch.set_grad_enabled(self.graph):
                self.made[name] = make()
            self.pixels[name] = self.made[name].detach()
        return self.made[name]

    @property
    def fake_b(self) -> Tensor:
        return self.get("b", lambda: self.networks["a_to_b"](with_planes(self.a, self.z)))

    @property
    def fake_a(self) -> Tensor:
        return self.get("a", lambda: self.networks["b_to_a"](self.b))

    @property
    def read_z(self) -> Tensor:
        return self.get("z", lambda: self.networks["encoder"](torch.cat([self.fake_a, self.b], 1)))


@dataclass(frozen=True, eq=False)
class Pairs:
    networks: nn.ModuleDict
    needs: tuple[Need, ...] = (Need("a", "outlines"), Need("b", "photos"))

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Augmented]:
        a, b = batch["a"].image, batch["b"].image
        return [Augmented(a, b, draws.normal("z", a, 4), self.networks)]


def augmented_cyclegan(space: Space) -> Method:
    a_to_b, b_to_a, encoder = painter(1 + 4, 3), painter(3, 1), reader(1 + 3, 4)
    drawing = nn.ModuleDict({"a_to_b": a_to_b, "b_to_a": b_to_a, "encoder": encoder})
    judges = nn.ModuleDict({"a": reader(1, 1), "b": reader(3, 1), "z": nn.Linear(4, 1)})
    plan, gan = Pairs(drawing), LeastSquares()

    def discriminate(pairs: Augmented) -> Tensor:
        reals, fakes = (pairs.a, pairs.b, pairs.z), (pairs.fake_a, pairs.fake_b, pairs.read_z)
        both = zip(judges.values(), reals, fakes, strict=True)
        return sum((gan.real(judge(real)) + gan.fake(judge(fake)) for judge, real, fake in both), torch.zeros(()))

    def fool(pairs: Augmented) -> Tensor:
        fakes = zip(judges.values(), (pairs.fake_a, pairs.fake_b, pairs.read_z), strict=True)
        return sum((gan.generator(judge(fake)) for judge, fake in fakes), torch.zeros(()))

    def cycle(pairs: Augmented) -> Tensor:
        there = F.l1_loss(b_to_a(pairs.fake_b), pairs.a)
        return there + F.l1_loss(a_to_b(with_planes(pairs.fake_a, pairs.read_z)), pairs.b)

    def code(pairs: Augmented) -> Tensor:
        return F.l1_loss(encoder(torch.cat([pairs.a, pairs.fake_b], 1)), pairs.z)

    return Method(
        translator=drawing,
        networks=nn.ModuleDict({"drawing": drawing, "judges": judges}),
        optimizers={"drawing": Optimizer(2e-4, clip_norm=500.0), "judges": Optimizer(4e-5)},
        phases=(
            Phase("judges", learns=("judges",), plan=plan, objective=Objective(adversarial=(1, discriminate))),
            Phase("drawing", learns=("drawing",), plan=plan, objective=Objective(
                adversarial=(1, fool), cycle=(1, cycle), code=(0.025, code))),
        ),
        destination=to_spaces,
    )  # fmt: skip
