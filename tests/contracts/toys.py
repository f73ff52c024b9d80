"""Toy versions of the four methods that break a core which was only tried on StarGAN and CycleGAN.

Their equations are METHODS G (RelGAN), I (StarGAN v2), M (Augmented CycleGAN) and K (IcGAN); networks are tiny.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.domains import Domain, Example, Space
from viceversa.draws import Draws
from viceversa.gan import LeastSquares, NonSaturating
from viceversa.journey import Journey, Judgment
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.cycle import Cycle, Identity
from viceversa.losses.penalties import R1
from viceversa.method import Method, Optimizer, Phase, to_labels, to_spaces
from viceversa.networks.blocks import with_planes
from viceversa.objective import Objective
from viceversa.plans import Batch, Need, relabeled
from viceversa.schedules import fading

ADAM = Optimizer(1e-3)


def painter(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels_in, 6, 3, 1, 1), nn.ReLU(), nn.Conv2d(6, channels_out, 3, 1, 1), nn.Tanh())


def reader(channels: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, 6, 4, 2, 1), nn.LeakyReLU(0.2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, outputs)
    )


# --- RelGAN: conditioned on the difference of labels ---------------------------------------------------------------


class Relative(nn.Module):
    """G(x, c_target - c_source)."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.network = painter(3 + space.label_width, 3)

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(with_planes(image, target.label - source.label))


class RelativeCritic(nn.Module):
    def __init__(self, space: Space) -> None:
        super().__init__()
        self.trunk, self.adversarial, self.interpolation = reader(3, 5), nn.Linear(5, 1), nn.Linear(5, 1)
        self.matching = nn.Linear(10 + space.label_width, 1)

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        features = self.trunk(image)
        return Judgment(self.adversarial(features), features=(features,))

    def match(self, before: Judgment, after: Judgment, change: Tensor) -> Tensor:
        return self.matching(torch.cat([before.features[0], after.features[0], change], 1))


@dataclass(frozen=True, eq=False)
class Triples:
    """A journey from a to the label of b, with b and c as the discriminator's real images."""

    space: Space
    translate: nn.Module
    discriminate: nn.Module
    needs: tuple[Need, ...] = (Need("a", "photos"), Need("b", "photos"), Need("c", "photos"))

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        def route(number: int) -> Domain:
            return relabeled(batch["b"], f"target {number}", draws) if number else batch["b"].domain

        examples = (batch["b"], batch["c"])
        return [
            Journey(batch["a"], route, translate=self.translate, discriminate=self.discriminate, draws=draws, examples=examples)
        ]


@dataclass(frozen=True)
class Matching:
    """LSGAN on triples: one kind of positive, five of negatives."""

    critic: RelativeCritic

    def __call__(self, journey: Journey) -> Tensor:
        a, b, c = journey.source.label, *(example.domain.label for example in journey.examples)
        start, fake = journey.judge(), journey.judge(journey.target)
        second, third = journey.judge_example(0), journey.judge_example(1)
        match = self.critic.match
        wrong = [
            match(start, fake, b - a), match(third, second, b - a), match(start, third, b - a),
            match(start, second, c - a), match(start, second, b - c),
        ]  # fmt: skip
        return (match(start, second, b - a) - 1).square().mean() + sum(score.square().mean() for score in wrong)


@dataclass(frozen=True)
class Matched:
    critic: RelativeCritic

    def __call__(self, journey: Journey) -> Tensor:
        change = journey.target.label - journey.departure.label
        return (self.critic.match(journey.judge(), journey.judge(journey.target), change) - 1).square().mean()


@dataclass(frozen=True)
class Interpolated:
    """The critic must tell the strength of an interpolated edit; the generator must make it read 0."""

    critic: RelativeCritic
    discriminate: bool

    def __call__(self, journey: Journey) -> Tensor:
        share = journey.draws.uniform("strength", journey.image, 1)
        source, target = journey.source.label, journey.target.label
        between = Domain(journey.source.space, source + share * (target - source))
        read = self.critic.interpolation
        strength = read(journey.judge(between).features[0])
        if not self.discriminate:
            return strength.square().mean()
        still, full = read(journey.staying().judge(journey.source).features[0]), read(journey.judge(journey.target).features[0])
        return ((strength - torch.minimum(share, 1 - share)).square() + torch.where(share < 0.5, still, full).square()).mean()


def relgan(space: Space) -> Method:
    generator, critic = Relative(space), RelativeCritic(space)
    plan, gan = Triples(space, generator, critic), LeastSquares(1.0)
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "discriminator": critic}),
        optimizers={"generator": ADAM, "discriminator": ADAM},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan)), matching=(1, Matching(critic)),
                interpolation=(10, Interpolated(critic, True)))),
            Phase("generator", learns=("generator",), plan=plan, objective=Objective(
                adversarial=(1, Fool(gan)), matching=(1, Matched(critic)), cycle=(10, Cycle()), identity=(10, Identity()),
                interpolation=(10, Interpolated(critic, False))),
                chained=("adversarial", "matching", "cycle")),
        ),
        destination=to_labels(space),
    )  # fmt: skip


# --- StarGAN v2: style codes from noise or from a reference ---------------------------------------------------------


class Styled(nn.Module):
    """G(x, s_target)."""

    def __init__(self) -> None:
        super().__init__()
        self.network = painter(3 + 4, 3)

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(with_planes(image, target.style))


class Branches(nn.Module):
    """A network with an output of `width` for each domain; the label picks one."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.width = body, width

    def forward(self, inputs: Tensor, label: Tensor) -> Tensor:
        return (self.body(inputs).unflatten(1, (-1, self.width)) * label[:, :, None]).sum(1)


class BranchedCritic(nn.Module):
    def __init__(self, space: Space) -> None:
        super().__init__()
        self.branches = Branches(reader(3, space.label_width), 1)

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        return Judgment(self.branches(image, domain.label))


@dataclass(frozen=True, eq=False)
class Codes:
    """Journeys whose targets carry styles: drawn codes, or read from a reference; home is styled by the source itself."""

    translate: nn.Module
    discriminate: nn.Module
    encoder: Branches
    style: Callable[[int, Batch, Draws], Callable[[Tensor], Tensor]]
    needs: tuple[Need, ...] = (Need("real", "photos"), Need("first", "photos"), Need("second", "photos"))

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        real, label = batch["real"], batch["first"].domain.label
        home = replace(real.domain, style=lambda image: self.encoder(real.image, real.domain.label))

        def route(number: int) -> Domain:
            return Domain(real.domain.space, label, self.style(number, batch, draws))

        return [Journey(Example(real.image, home), route, translate=self.translate, discriminate=self.discriminate, draws=draws)]


@dataclass(frozen=True)
class StyleReconstruction:
    encoder: Branches

    def __call__(self, journey: Journey) -> Tensor:
        read = self.encoder(journey.translated, journey.target.label)
        return F.l1_loss(read, journey.entered(journey.target).style)


@dataclass(frozen=True)
class Diversity:
    """-L1(G(x, s), sg G(x, s')) for a second style of the same domain."""

    second: Callable[[Journey], Tensor]

    def __call__(self, journey: Journey) -> Tensor:
        other = Domain(journey.target.space, journey.target.label, lambda image: self.second(journey))
        return -F.l1_loss(journey.translated, journey.visit(other, graph=False))


def stargan2(space: Space) -> Method:
    generator, critic = Styled(), BranchedCritic(space)
    mapping, encoder = Branches(nn.Linear(2, 4 * space.label_width), 4), Branches(reader(3, 4 * space.label_width), 4)

    def latent(number: int, batch: Batch, draws: Draws) -> Callable[[Tensor], Tensor]:
        code, label = draws.normal(f"code {number}", batch["first"].image, 2), batch["first"].domain.label
        return lambda image: mapping(code, label)

    def reference(number: int, batch: Batch, draws: Draws) -> Callable[[Tensor], Tensor]:
        return lambda image: encoder(batch["first"].image, batch["first"].domain.label)

    def second_code(journey: Journey) -> Tensor:
        return mapping(journey.draws.normal("second code", journey.image, 2), journey.target.label)

    noise, pictures = Codes(generator, critic, encoder, latent), Codes(generator, critic, encoder, reference)
    gan = NonSaturating()
    judging = Objective(adversarial=(1, Discriminate(gan)), penalty=(1, R1()))
    drawing = Objective(
        adversarial=(1, Fool(gan)), style=(1, StyleReconstruction(encoder)), cycle=(1, Cycle()),
        diversity=(fading(1.0), Diversity(second_code)),
    )  # fmt: skip
    chained = ("adversarial", "style", "cycle")
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "mapping": mapping, "encoder": encoder, "discriminator": critic}),
        optimizers=dict.fromkeys(("generator", "encoder", "discriminator"), ADAM) | {"mapping": Optimizer(1e-5)},
        phases=(
            Phase("discriminator latent", learns=("discriminator",), plan=noise, objective=judging),
            Phase("discriminator reference", learns=("discriminator",), plan=pictures, objective=judging),
            Phase("latent", learns=("generator", "mapping", "encoder"), plan=noise, objective=drawing, chained=chained),
            Phase("reference", learns=("generator",), plan=pictures, objective=drawing, chained=chained),
        ),
        destination=lambda request: Domain(
            "photos", request.label, lambda image: mapping(torch.zeros(len(image), 2), request.label)),
        averaged=("generator", "mapping", "encoder"),
    )  # fmt: skip


# --- Augmented CycleGAN: one-to-many, a subject of its own ----------------------------------------------------------


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


# --- IcGAN: a conditional GAN, then encoders that invert it ---------------------------------------------------------


class Inverting(nn.Module):
    """G(E(x), c_target)."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.decoder = nn.Sequential(nn.Linear(4 + space.label_width, 3 * 8 * 8), nn.Tanh(), nn.Unflatten(1, (3, 8, 8)))
        self.encoder = reader(3, 4)

    def decode(self, code: Tensor, label: Tensor) -> Tensor:
        return self.decoder(torch.cat([code, label], 1))

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.decode(self.encoder(image), target.label)


@dataclass(frozen=True, eq=False)
class Generated:
    real: Example
    wanted: Tensor
    code: Tensor
    inverting: Inverting

    def begin(self, graph: bool) -> Generated:
        return self

    def fake(self) -> Tensor:
        return self.inverting.decode(self.code, self.wanted)


@dataclass(frozen=True, eq=False)
class Drawn:
    inverting: Inverting
    needs: tuple[Need, ...] = (Need("real", "photos"),)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Generated]:
        real = batch["real"]
        return [Generated(real, relabeled(real, "wanted", draws).label, draws.normal("code", real.image, 4), self.inverting)]


def icgan(space: Space) -> Method:
    inverting, critic = Inverting(space), reader(3 + space.label_width, 1)
    plan, gan = Drawn(inverting), NonSaturating()

    def judge(image: Tensor, label: Tensor) -> Tensor:
        return critic(with_planes(image, label))

    def discriminate(subject: Generated) -> Tensor:
        image, label = subject.real.image, subject.real.domain.label
        fakes = gan.fake(judge(image, label.roll(1, 0))) + gan.fake(judge(subject.fake().detach(), subject.wanted))
        return gan.real(judge(image, label)) + 0.5 * fakes

    def fool(subject: Generated) -> Tensor:
        return gan.generator(judge(subject.fake(), subject.wanted))

    def invert(subject: Generated) -> Tensor:
        return F.mse_loss(inverting.encoder(subject.fake().detach()), subject.code)

    def early(step: int) -> bool:
        return step < 2

    def late(step: int) -> bool:
        return step >= 2

    return Method(
        translator=inverting,
        networks=nn.ModuleDict({"decoder": inverting.decoder, "encoder": inverting.encoder, "discriminator": critic}),
        optimizers=dict.fromkeys(("decoder", "encoder", "discriminator"), ADAM),
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, when=early,
                  objective=Objective(adversarial=(1, discriminate))),
            Phase("decoder", learns=("decoder",), plan=plan, when=early, objective=Objective(adversarial=(1, fool))),
            Phase("encoder", learns=("encoder",), plan=plan, when=late, objective=Objective(inversion=(1, invert))),
        ),
        destination=to_labels(space),
    )  # fmt: skip
