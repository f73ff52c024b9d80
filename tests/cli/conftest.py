"""A world for hostile input, made once."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.hostile import World, make_world
from viceversa.metrics.labeller import Labeller, _stored, labeller_network
from viceversa.runs.record import read_record


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world as it was made, once."""
    root = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VICEVERSA_CACHE", str(root / "cache"))
        patch.chdir(root)
        make_world(root)
    space = read_record(root / "made" / "stargan").space
    labeller = Labeller(labeller_network(3, space.label_width), space, 0.5, None)
    (root / "made" / "stargan" / "labeller.safetensors").write_bytes(_stored(labeller))
    return root


@pytest.fixture
def world(made_world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """In its folder; with 4 GB of memory more, so that what is asked for too much is refused rather than had."""
    monkeypatch.setenv("VICEVERSA_CACHE", str(made_world / "cache"))
    monkeypatch.chdir(made_world)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 4 * 2**30, limits[1]))
    yield World(made_world, capsys)
    resource.setrlimit(resource.RLIMIT_AS, limits)
