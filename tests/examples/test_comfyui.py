"""The nodes for ComfyUI: they import nothing at start, and do what the model does."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from types import ModuleType

import pytest
import torch

import viceversa as vv
from experiments.common import ROOT
from viceversa.data.sets.avatars import SPLITS, labels_of, render

FILE = ROOT / "examples" / "comfyui" / "__init__.py"


@pytest.fixture(scope="module")
def nodes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("comfyui_nodes", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    persons = SPLITS["test"][:2]
    return torch.from_numpy(render(persons, labels_of(persons), 64)) / 255


def run(nodes: ModuleType, name: str, **values: object) -> object:
    """Run a node as ComfyUI does: by its declared inputs and the name of its function."""
    node = nodes.NODE_CLASS_MAPPINGS[name]
    assert set(values) == set(node.INPUT_TYPES()["required"])
    return getattr(node(), node.FUNCTION)(**values)


def test_nothing_is_imported_at_start() -> None:
    code = f"import runpy, sys; runpy.run_path({str(FILE)!r}); print(sorted({{'torch', 'numpy', 'viceversa'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_nodes_do_what_the_model_does(nodes: ModuleType, faces: torch.Tensor) -> None:
    model = vv.load("avatars")
    (made,) = run(nodes, "ViceversaTranslate", images=faces, model="avatars", to="glasses=yes", full_size=False)
    assert torch.equal(made, model.translate(faces.movedim(-1, 1), "glasses=yes").movedim(1, -1))
    steps = ["glasses=yes", "hair=blond"]
    (chain,) = run(nodes, "ViceversaChain", images=faces, model="avatars", targets="\n".join(steps) + "\n", full_size=False)
    assert torch.equal(chain, torch.cat(model.chain(faces.movedim(-1, 1), steps)).movedim(1, -1))
    assert chain.shape == (4, 64, 64, 3)


def test_drift_is_in_levels(nodes: ModuleType, faces: torch.Tensor) -> None:
    moved = torch.where(faces < 0.5, faces + 2 / 255, faces - 2 / 255)
    found = run(nodes, "ViceversaDrift", images=moved, source=faces)
    assert isinstance(found, dict)
    difference, psnr, text = found["result"]
    assert difference == pytest.approx(2) and psnr == pytest.approx(42.11, abs=0.01)  # 20 log10(255 / 2)
    assert found["ui"]["text"] == [text] and "2.00 levels" in text
