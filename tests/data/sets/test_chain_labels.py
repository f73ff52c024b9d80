"""The chains' labels: packaged for the avatars, drawn for other data."""

from __future__ import annotations

import torch

from viceversa.core.space import Space
from viceversa.data.sets.avatars import ATTRIBUTES, SPLITS, labels_of
from viceversa.data.sets.chain_labels import STEPS, ChainLabels, _stored, draw_chains, load_chains, permuted, stored_labels
from viceversa.data.sets.write_chain_labels import _encode

_SPACE = Space({}, ATTRIBUTES)
_LABELS = torch.from_numpy(labels_of(SPLITS["test"]))


def _check(chains: ChainLabels, labels: torch.Tensor) -> None:
    assert chains.targets.shape == (STEPS, *labels.shape) and chains.inverted.shape == labels.shape
    for target in chains.targets:
        assert sorted(target.tolist()) == sorted(labels.tolist()), "a permutation of the whole split"
    assert torch.equal(chains.inverted[:, 3:], 1 - labels[:, 3:]), "binary flipped, graded 1 - v"
    assert torch.equal(chains.inverted[:, :3].sum(1), torch.ones(len(labels)))


def test_packaged_chains() -> None:
    assert torch.equal(stored_labels(), _LABELS), "the packaged labels are the table's"
    chains = load_chains("avatars-32-v1")
    assert chains is not None
    _check(chains, _LABELS)
    same = (chains.inverted[:, :3] * _LABELS[:, :3]).sum(1).mean()
    assert abs(same - 1 / 3) < 4 * (2 / 9 / 2000) ** 0.5, "a uniform hair, which may be the source's; 4 deviations"


def test_packaged_chains_serve_every_size_of_the_avatars_only() -> None:
    first, second = load_chains("avatars-32-v1"), load_chains("avatars-64-v1")
    assert first is not None and second is not None and torch.equal(first.targets, second.targets)
    assert all(load_chains(name) is None for name in ("avatars-32-v2", "avatars-glasses-32-v1", "other"))


def test_the_packaged_file_is_what_its_entry_writes() -> None:
    permutations, inverted = permuted(_LABELS, _SPACE, seed=0)
    stored = _stored()
    assert stored["permutations"] == permutations.tolist()
    assert stored["inverted"] == _encode(inverted) and stored["labels"] == _encode(_LABELS)
    assert set(stored["test_pixels"]) == {"32", "64", "128"}


def test_drawn_chains_follow_the_seed_alone() -> None:
    labels = _LABELS[:50]
    chains, again, other = (draw_chains(labels, _SPACE, seed) for seed in (1, 1, 2))
    _check(chains, labels)
    assert torch.equal(chains.targets, again.targets) and torch.equal(chains.inverted, again.inverted)
    assert not torch.equal(chains.targets, other.targets)
