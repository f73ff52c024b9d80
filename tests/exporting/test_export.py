"""`viceversa export`: a run as a file that needs no PyTorch, and that is a model wherever a run is one."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import processes
import viceversa as vv
from conftest import Command
from contracts.cases import CASES
from exporting.test_exported_methods import model_of
from serving.server import running
from viceversa.cli.export import Export
from viceversa.core.domains import Domain
from viceversa.data.sources import open_dataset
from viceversa.exporting import export as module
from viceversa.exporting.parity import agreement, parity
from viceversa.inference.preprocessing import Manner
from viceversa.runs.exported.description import CARD, KEY, Description
from viceversa.serving.studio.library import library_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "export.md"
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^    (viceversa .*)$", PAGE.read_text(), re.MULTILINE)]
REFUSING = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "viceversa"):
            raise ImportError(f"{name} is refused")

sys.meta_path.insert(0, Refuse())
"""
WORST = 0.999


@pytest.fixture(scope="module")
def folder(runs: Path, viceversa: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test face, and the files of both runs, one called avatars, as the page does it; `said.txt` is what it printed."""
    place = tmp_path_factory.mktemp("exported")
    shutil.copytree(runs / "labels", place / "avatars")
    (place / "avatars" / "card.md").write_text("# A card")
    done = viceversa(*COMMANDS[0], cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    (place / "said.txt").write_text(done.stdout)
    vv.export(runs / "spaces", place / "model.onnx")
    Image.fromarray(np.asarray(open_dataset("avatars", 32).splits["test"]["avatars"].pixels[0])).save(place / "face.png")
    return place


def images(path: Path) -> np.ndarray:
    return np.array(Image.open(path).convert("RGB"))[None]


def test_parity_is_printed_in_a_line_each(folder: Path) -> None:
    file, one, chain = (folder / "said.txt").read_text().splitlines()
    assert re.fullmatch(r".*avatars\.onnx \(\d\.\d MiB\): images of any size", file)
    shares = [float(found[1]) for line in (one, chain) if (found := re.search(r": ([\d.]+) % of pixels within 1 level", line))]
    assert one.startswith("one step: ") and one.endswith("(16 test images of avatars-32-v1)")
    assert chain.startswith("chain of 4 through 8 bits: ") and len(shares) == 2 and min(shares) >= 99.9


def test_the_lines_of_the_page_run_without_pytorch(folder: Path, runs: Path) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    program = REFUSING + lines + "assert not {'torch', 'viceversa'} & {*sys.modules}"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = vv.load(runs / "labels").translate(folder / "face.png", "glasses=yes")
    assert agreement(images(folder / "with-glasses.png"), np.asarray(expected)[None]).share >= WORST


def test_the_labeller_inside_reads_what_is_not_a_number_at_any_size(folder: Path, runs: Path) -> None:
    """NaN and the label that the run's labeller reads give one result, of an image at the trained size and of an enlarged one."""
    graph = vv.load(folder / "avatars.onnx").method.translator.graphs["avatars"]
    reader = vv.load(runs / "labels").reader
    small = images(folder / "face.png")
    large = np.array(Image.open(folder / "face.png").resize((70, 64), Image.Resampling.BICUBIC))[None]
    read = reader.read(small)
    for pixels in (small, large):
        for known in range(read.shape[1]):
            target = torch.full_like(read, torch.nan)
            target[:, known] = 1
            whole = torch.where(target.isnan(), read, target)
            given = {"images": torch.from_numpy(pixels), "target": target}
            if known in (3, 4, 5):  # whole attributes; hair has three columns
                made, expected = graph.run("translated", given), graph.run("translated", given | {"target": whole})
                assert made.shape == pixels.shape
                assert agreement(made.numpy(), expected.numpy()).share >= (1 if pixels is small else 0.98)


def test_the_file_is_a_model(folder: Path, runs: Path) -> None:
    """Words, the labeller, chains and full size, as with the run."""
    run, file = vv.load(runs / "labels"), vv.load(folder / "avatars.onnx")
    assert file.space == run.space and file.step == run.step and file.labeller is not None
    face = folder / "face.png"
    for one, other in zip(*(each.chain(face, ["glasses=yes", "hair=blond"]) for each in (run, file)), strict=True):
        assert agreement(np.asarray(one)[None], np.asarray(other)[None]).share >= WORST
    large, source = Image.open(face).resize((45, 39)), run.routing.example_source
    one, other = (np.asarray(each.translate(large, "beard=yes", source=source, full_size=True)) for each in (run, file))
    assert one.shape == (39, 45, 3) and agreement(one[None], other[None]).share >= WORST


def test_translate_evaluate_drift_and_the_studio_take_it(folder: Path, viceversa: Command) -> None:
    """By the commands of the page, made short."""
    export, translate, evaluate, drift, studio = COMMANDS
    assert export[0] == "export"
    short = {"evaluate": ["--cycles", "0", "--samples", "16"], "drift": ["--turns", "2", "--samples", "2"], "translate": []}
    elsewhere = folder / "elsewhere"  # where `avatars` is the data set, and no run
    elsewhere.mkdir()
    shutil.copy(folder / "avatars.onnx", elsewhere)
    for command, place in ((translate, folder), (evaluate, folder), (drift, elsewhere)):
        done = viceversa(*command, *short[command[0]], cwd=place)
        assert done.returncode == 0, done.stderr
    expected = vv.load(folder / "avatars").translate(folder / "face.png", "glasses=yes")
    assert agreement(images(folder / "translated" / "face.png"), np.asarray(expected)[None]).share >= WORST
    rows = [row for row in json.loads((folder / "report" / "metrics.json").read_text())["rows"] if row["direction"] == "inv"]
    values = {row["model"]: row["psnr_to_truth"] for row in rows}
    run = vv.evaluate(folder / "avatars", cycles=0, samples=16, quiet=True)
    of_run = {row.model: row.psnr_to_truth for row in run.rows if row.direction == "inv"}
    assert values["avatars.onnx"] == pytest.approx(of_run["avatars"], abs=0.01)
    assert len(list((elsewhere / "turns").rglob("turn2.png"))) == 2
    with running(lambda port: processes.start(processes.COMMAND, *studio, "--port", port, cwd=folder), 130) as (address, _):
        assert "avatars.onnx" in urllib.request.urlopen(f"{address}config").read().decode()
    library = library_of([folder / "avatars.onnx"])
    assert library.open(str(folder / "avatars.onnx")).name == "avatars.onnx" and not library.runs


def test_the_extra_that_the_page_names_is_there() -> None:
    (extra,) = re.findall(r"pip install 'viceversa\[(\w+)\]'", PAGE.read_text())
    packages = tomllib.loads((PAGE.parents[1] / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    assert {re.match(r"\w+", package)[0] for package in packages} == {"onnx", "onnxscript", "onnxruntime"}  # type: ignore[index]


def test_two_directions_are_two_files_that_find_each_other(folder: Path, runs: Path, tmp_path: Path) -> None:
    names = [*vv.load(runs / "spaces").space.images]
    assert {path.name for path in folder.glob("model*")} == {f"model-{name}.onnx" for name in names}
    file = vv.load(folder / f"model-{names[0]}.onnx")
    chain = file.chain(folder / "face.png", [names[1], names[0]])
    expected = vv.load(runs / "spaces").chain(folder / "face.png", [names[1], names[0]])
    for one, other in zip(chain, expected, strict=True):
        assert agreement(np.asarray(one)[None], np.asarray(other)[None]).share >= WORST
    shutil.copy(folder / f"model-{names[1]}.onnx", tmp_path)
    alone = vv.load(tmp_path / f"model-{names[1]}.onnx")
    assert alone.translate(folder / "face.png", names[1]).size == (32, 32)
    with pytest.raises(vv.UsageError, match=rf"ONNX file '.*model-{names[0]}\.onnx' does not exist"):
        alone.translate(folder / "face.png", names[0])


def test_what_the_file_says_of_itself(folder: Path) -> None:
    model = onnx.load(folder / "avatars.onnx")
    metadata = {each.key: each.value for each in model.metadata_props}
    description = Description.model_validate_json(metadata[KEY])
    assert metadata[CARD] == "# A card"
    assert [each.columns for each in description.attributes] == [(0, 1, 2), (3,), (4,), (5,), (6,)]
    assert description.attributes[0].values == ("black", "blond", "brown")
    assert description.record.recipe.name == "multicyclic" and description.labeller is not None
    assert {*description.inputs} == {each.name for each in model.graph.input}
    assert {*description.outputs} == {each.name for each in model.graph.output}
    dimensions = [each.dim_param or each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
    assert dimensions == ["N", "H", "W", 3]
    assert str(Path(vv.__file__).parent) not in model.SerializeToString().decode("latin-1"), "it tells where it was made"


def test_graphs_that_differ_are_an_error() -> None:
    one, other = (model_of(next(case for case in CASES if case.name == name)) for name in ("masked", "stargan"))
    with pytest.raises(vv.UsageError, match=r"differs from PyTorch, so nothing was written: one step: [\d.]+ % of pixels"):
        parity(one, other, ["photos"]).check()


class Unsteady(nn.Module):
    """Another brightness at every call in Python, of which a graph keeps one."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.calls = network, 0

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        self.calls += 1
        return self.network(image, source, target) * (self.calls % 7) / 7


def test_a_failed_parity_leaves_no_file(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(run: Path, **settings: object) -> vv.Model:
        model = vv.load(run, **settings)
        if Path(run).suffix == ".onnx":
            return model
        return replace(model, method=replace(model.method, translator=Unsteady(model.method.translator)))

    monkeypatch.setattr(module, "load", load)
    with pytest.raises(vv.UsageError, match="differs from PyTorch"):
        vv.export(runs / "labels", tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("run", "arguments", "said"),
    [
        ("labels", ["--out", "model.bin"], "--out model.bin: give the name of a file that ends in .onnx."),
        ("spaces", ["--out", "model.onnx", "--labeller"], "'spaces' has no labeller that reads attributes: leave out --labeller."),
        ("labels", ["--out", "there.onnx"], "exists already: choose another name with --out, or replace it with --overwrite"),
        ("none", ["--out", "model.onnx"], "there is no run in"),
    ],
)  # fmt: skip
def test_wrong_use(run: str, arguments: list[str], said: str, runs: Path, viceversa: Command, tmp_path: Path) -> None:
    (tmp_path / "there.onnx").write_text("mine")
    done = viceversa("export", runs / run, *arguments, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["there.onnx"] and (tmp_path / "there.onnx").read_text() == "mine"


def test_an_exported_file_is_not_exported(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(vv.UsageError, match="is an ONNX file already"):
        vv.export(folder / "avatars.onnx", tmp_path / "b.onnx")


def test_metadata_that_is_damaged_or_another_programs(folder: Path, tmp_path: Path) -> None:
    model = onnx.load(folder / "avatars.onnx")
    for text, said in (("{", "damaged metadata"), (None, "was not exported by viceversa")):
        del model.metadata_props[:]
        if text is not None:
            onnx.helper.set_model_props(model, {KEY: text})
        onnx.save(model, tmp_path / "other.onnx")
        with pytest.raises(vv.UsageError, match=said):
            vv.load(tmp_path / "other.onnx")
    description = json.loads(next(each.value for each in onnx.load(folder / "avatars.onnx").metadata_props if each.key == KEY))
    description["files"]["avatars"] = "../avatars.onnx"
    onnx.helper.set_model_props(model, {KEY: json.dumps(description)})
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(vv.UsageError, match=r"damaged metadata.*files\.avatars"):
        vv.load(tmp_path / "other.onnx")


def test_every_option_of_the_command_is_an_argument_in_python() -> None:
    arguments = inspect.signature(vv.export).parameters
    assert [option.name for option in fields(Export)] == [*arguments]


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_without_a_package(missing: str, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(vv.UsageError, match=rf"an export needs the package {missing}: pip install 'viceversa\[export\]'"):
        vv.export(runs / "labels", tmp_path / "model.onnx")


def test_an_image_that_does_not_fit_into_the_memory_is_refused(folder: Path) -> None:
    """A graph has no tiles."""
    file = vv.load(folder / "avatars.onnx")
    large = Image.open(folder / "face.png").resize((512, 512))
    with pytest.raises(vv.UsageError, match=r"tiles are impossible\. Raise `memory`"):
        file.arrays(large, ["beard=yes"], source=file.routing.example_source, manner=Manner(full_size=True, memory=1))
