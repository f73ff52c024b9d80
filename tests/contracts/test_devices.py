"""A training step leaves nothing on the CPU, and waits for nothing: every method, and every one of its networks as a mutant."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.case import Case
from contracts.cases import CASES, EVERY
from devices import META, ApartError, left_behind, one_device
from training.small import noise, trainer
from viceversa.networks.perception import Perception
from viceversa.training.trainer import Trainer

TRAINED = [case for case in CASES if not case.name.startswith("multicyclic-") or case.name == "multicyclic-cyclegan"]
"""Chains by other methods are longer and take no other networks."""
LOOKING = [case for case in EVERY if case.name in ("johnson", "projected-stargan")]
"""Cases in whose losses Lite0 looks at images."""


def steps(trained: Trainer) -> None:
    """Two steps in which every phase has its turn."""
    for number in (0, 4):
        trained.step = number
        trained.one_step()


@pytest.mark.parametrize("case", TRAINED, ids=lambda case: case.name)
def test_a_step(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = trainer(tmp_path, case.build, noise(case.space, paired=True), device=META, average=0.0)
    with one_device(monkeypatch) as mode:
        steps(trained)
        mode.waits.clear()  # constants are sent once
        steps(trained)
        assert not mode.waits
        for network in trained.method.networks.values():
            with left_behind(network), pytest.raises(ApartError):
                steps(trained)


@pytest.mark.parametrize("case", LOOKING, ids=lambda case: case.name)
def test_a_network_that_only_looks(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lite0 is in no method's networks: it goes where the image is that it looks at."""
    trained = trainer(tmp_path, case.build, noise(case.space, paired=True), device=META, average=0.0)
    with one_device(monkeypatch):
        steps(trained)
        monkeypatch.setattr(Perception, "on", lambda network, device: network)
        with pytest.raises(ApartError):
            steps(trained)
