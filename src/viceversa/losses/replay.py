"""Replay: chains that are continued from earlier steps, with one further translation per step at any depth.

    d = X_{k-1} of an earlier batch, in c_{k-1};  Y = T(d, c_{k-1} -> c_k)

d was made by an earlier version of the generator, so the losses are biased.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from viceversa.core.domains import Domain, Example
from viceversa.core.journey import Journey, entered


@dataclass(frozen=True, eq=False)
class Passage:
    """A batch in the memory: x and its domain, X_j = `made` and its domain, and the number of its translations, j + 1."""

    image: Tensor
    source: Domain
    made: Tensor
    place: Domain
    depth: int


@dataclass(eq=False)
class Replay:
    """View of a batch from an earlier step, one translation before its next target. The memory is stored in checkpoints.

    The memory holds `kept` batches of each source space. Until it is full, and if batches differ in size, the step's own X_0 is
    used. Otherwise a random batch is continued. With probability min(1, p_{k+1} / p_k) it stays for depth k + 1; if not, the step's
    own X_0 replaces it. So depth k occurs with probability p_k, if these probabilities do not rise with k.
    """

    chances: tuple[float, ...]
    kept: int = 8
    _passages: dict[str, list[Passage]] = field(default_factory=dict, init=False)
    _views: MutableMapping[Journey, Journey] = field(default_factory=weakref.WeakKeyDictionary, init=False)

    def __call__(self, journey: Journey) -> Journey:
        if journey not in self._views:
            self._views[journey] = self._continued(journey)
        return self._views[journey]

    def _continued(self, journey: Journey) -> Journey:
        passages, there = self._passages.setdefault(journey.source.space, []), journey.target
        made = journey.visit(there, graph=False)
        own = Passage(journey.image, _read(journey.source, made), made, _kept(journey.entered(there)), 1)
        place, chance = torch.rand(2, generator=journey.draws.generator("replay"), dtype=torch.float64).tolist()
        number = int(place * len(passages)) if len(passages) == self.kept else len(passages)
        taken = passages[number] if number < len(passages) and len(passages[number].image) == len(journey.image) else own
        view = journey.resumed(Example(taken.image, taken.source), Example(taken.made, taken.place), taken.depth)
        arrived = _kept(view.entered(view.target))
        further = Passage(taken.image, taken.source, view.translated.detach(), arrived, taken.depth + 1)
        passages[number : number + 1] = [further if self._goes_on(taken.depth, chance) else own]
        return view

    def _goes_on(self, depth: int, chance: float) -> bool:
        """Return whether a batch after its k-th further translation gets another one."""
        return depth < len(self.chances) and chance * self.chances[depth - 1] < self.chances[depth]

    def state_dict(self) -> dict[str, Tensor]:
        """Return all passages of the memory."""
        state: dict[str, Tensor] = {}
        for space, passages in self._passages.items():
            for number, each in enumerate(passages):
                parts = {"image": each.image, "made": each.made, "depth": torch.tensor(each.depth)}
                for end, domain in (("source", each.source), ("place", each.place)):
                    parts[f"{end} space {domain.space}"] = torch.empty(0)
                    found = {"label": domain.label, "style": domain.style}
                    parts |= {f"{end} {name}": value for name, value in found.items() if isinstance(value, Tensor)}
                state |= {f"{space}/{number}/{name}": value for name, value in parts.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the state of `state_dict`."""
        grouped: dict[tuple[str, int], dict[str, Tensor]] = {}
        for key, value in state.items():
            space, number, name = key.rsplit("/", 2)
            grouped.setdefault((space, int(number)), {})[name] = value
        self._passages = {}
        for (space, _), parts in sorted(grouped.items(), key=lambda item: item[0]):
            source, place = (_restored(parts, end) for end in ("source", "place"))
            passage = Passage(parts["image"], source, parts["made"], place, int(parts["depth"]))
            self._passages.setdefault(space, []).append(passage)


def _read(domain: Domain, image: Tensor) -> Domain:
    """Return a domain with the style that is computed from an image on its way to it, without a graph."""
    with torch.no_grad():
        return _kept(entered(image, domain))


def _kept(domain: Domain) -> Domain:
    return replace(domain, style=domain.style.detach() if isinstance(domain.style, Tensor) else None)


def _restored(parts: Mapping[str, Tensor], end: str) -> Domain:
    space = next(name.removeprefix(f"{end} space ") for name in parts if name.startswith(f"{end} space "))
    return Domain(space, parts.get(f"{end} label"), parts.get(f"{end} style"))
