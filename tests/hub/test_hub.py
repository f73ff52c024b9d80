"""Models pushed to a hub and loaded from it: the unmodified client of Hugging Face, in processes of its own, against a stand-in."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard
from PIL import Image

import processes
import viceversa as vv
from hub.stand_in import READER, WRITER, Hub, Repository, stand_in
from viceversa.core.attributes import Binary, OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.sources import is_everywhere
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.named import kind_of
from viceversa.hub.card import SOURCES
from viceversa.hub.contents import check_same, write_contents
from viceversa.hub.results import DRIFT, METRICS, tables_of
from viceversa.inference.model import Model
from viceversa.methods import stargan
from viceversa.metrics.labeller import Labeller, network_for, write_labeller
from viceversa.multiturn.report import CARD
from viceversa.recipes.settings import Multicycle, Recipe, Training
from viceversa.runs.record import Record, read_record, write_record
from viceversa.runs.selection import Validation, keep_best
from viceversa.training.checkpoints import save_checkpoint
from viceversa.training.step import Trainee

GOLDEN = Path(__file__).parents[1] / "golden" / "format-1"
SPACE = Space({"faces": ImageSpec(3, 16, 16)}, (OneOf("hair", ("black", "blond")), Binary("glasses")))
SETTINGS = stargan.StarGAN(generator="masked", width=4, blocks=1, critic_width=4)
FILES = {".gitattributes", "README.md", "labeller.safetensors", "model.safetensors", "recipe.json", "samples.png"}
FRESH = """import sys
for name in [name for name in sys.modules if name.partition(".")[0] == "huggingface_hub"]:
    del sys.modules[name]
"""
"""The client reads its variables when it is imported; a forked process has imported it before."""


def built(seed: int) -> Any:
    torch.manual_seed(seed)
    return stargan.build(SPACE, SETTINGS)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with random weights, whose best checkpoint is not its last, on data of this machine's."""
    folder = tmp_path_factory.mktemp("private") / "run"
    folder.mkdir()
    recipe = Recipe[stargan.StarGAN](
        name="stargan", method=SETTINGS, data=f"{folder.parent}/table.csv", images=f"{folder.parent}/faces",
        init=f"{folder.parent}/other", multicycle=Multicycle(extra=(0.5,)), training=Training(average=0.99),
    )  # fmt: skip
    record = Record(recipe=recipe, dataset="table-16-v1", space=SPACE, device="cpu", precision="fp32")
    write_record(folder, record.model_copy(update={"changes": (f"step 3: data {folder} -> {folder.parent}",)}))
    for step in (3, 4):
        save_checkpoint(folder, step, Trainee(built(step)), built(10 + step))
    keep_best(folder, Validation(step=3, metric="psnr_to_truth", value=20.0))
    shutil.rmtree(folder / "checkpoints" / "00000003")
    with torch.random.fork_rng():
        write_labeller(Labeller(network_for(SPACE).eval(), SPACE, 0.99, None), folder / "labeller.safetensors")
    (folder / "samples").mkdir()
    for step in (2, 4):
        (folder / "samples" / f"{step:08d}.png").write_bytes(b"picture of step %d" % step)
    (folder / "metrics.jsonl").write_text(f'{{"path": "{folder}"}}\n')
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    with stand_in() as server:
        yield server


def variables(hub: Hub | str, home: Path, token: str = WRITER, **others: str) -> dict[str, str]:
    """The environment of a client."""
    url = hub if isinstance(hub, str) else hub.url
    client = {"HF_ENDPOINT": url, "HF_HOME": str(home / "hf"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
    return processes.environment() | client | {"HF_TOKEN": token} | others


def python(code: str, *arguments: object, **environment: Any) -> str:
    """What lines of Python print in a process of its own."""
    done = processes.run(f"{FRESH}import viceversa as vv\n{code}", *arguments, variables=variables(**environment))
    assert done.returncode == 0, done.stderr
    return done.stdout


COMMANDS = """
import contextlib, io, json, os, sys
from viceversa.cli import main
for token, arguments in json.loads(sys.argv[1]):
    os.environ["HF_TOKEN"] = token
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
        main(arguments)
    print(json.dumps(said.getvalue()))
"""


def refusals(commands: Sequence[tuple[str, Sequence[object]]], *, cwd: Path | None = None, **environment: Any) -> list[str]:
    """The one line with which each command refuses, one after the other in one process. commands: a token, and the arguments."""
    asked = json.dumps([(token, [*map(str, arguments)]) for token, arguments in commands])
    done = processes.run(FRESH + COMMANDS, asked, cwd=cwd, variables=variables(**environment))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(line.startswith("viceversa: ") and line.count("\n") == 1 for line in lines), lines
    return lines


def command(*arguments: object, cwd: Path | None = None, **environment: Any) -> None:
    """Run the command, which must succeed."""
    done = processes.run(FRESH + processes.COMMAND, *arguments, cwd=cwd, variables=variables(**environment))
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def pushed(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub to which the run was pushed as user/name."""
    with stand_in() as server:
        command("push", run, "user/name", "--license", "cc-by-4.0", hub=server, home=tmp_path_factory.mktemp("home"))
        yield server


SAME = """
import sys, torch
from huggingface_hub import snapshot_download
from viceversa.core.domains import Domain
run, place = sys.argv[1:]
folder = snapshot_download("user/name", local_dir=place)
models = [vv.load(each, device="cpu") for each in (run, "hf:user/name", folder)]
images, label = torch.rand(2, 3, 16, 16) * 2 - 1, torch.tensor([[1.0, 0, 1], [0, 1, 0]])
made = [each.translate_images(images, Domain("faces", label), Domain("faces", 1 - label)) for each in models]
read = [each.reader.read_batch(images) for each in models]
assert all(torch.equal(made[0], each) for each in made) and all(torch.equal(read[0], each) for each in read)
print(*[(each.name, each.step) for each in models])
"""


def test_a_pushed_run_translates_as_before(run: Path, pushed: Hub, tmp_path: Path) -> None:
    """From the hub, and from a folder to which another program downloaded it."""
    said = python(SAME, run, tmp_path / "copy", hub=pushed, home=tmp_path, token="")
    assert said == "('run', 3) ('hf:user/name', 3) ('copy', 3)\n"
    assert not any("authorization" in sent for _, path, sent in pushed.asked if path.startswith("/content")), "it is another host"


def test_nothing_of_this_machine_is_pushed(run: Path, pushed: Hub, tmp_path: Path) -> None:
    files = pushed.repositories["user/name"].files
    assert {*files} == FILES
    for name, content in files.items():
        assert str(run.parent).encode() not in content and os.environ["HOME"].encode() + b"/" not in content, name
    (tmp_path / "recipe.json").write_bytes(files["recipe.json"])
    record, before = read_record(tmp_path), read_record(run)
    assert (record.recipe.data, record.recipe.images, record.recipe.init, record.changes) == ("", None, None, ())
    assert (record.space, record.dataset, record.recipe.method) == (before.space, before.dataset, before.recipe.method)
    assert files["samples.png"] == b"picture of step 2"


@pytest.mark.parametrize(
    ("spec", "everywhere"),
    [
        ("avatars", True), ("icons:light,fill:pairs", True), ("avatars:hair=black,blond", True), ("a=avatars,b=toons", True),
        ("hf:ylecun/mnist", True), ("hf:ylecun/mnist:train", True), ("hf:/home/me/zoo", False), ("hf:/home/me/zoo:train", False),
        ("a=avatars,b=/home/me/faces", False), ("/home/me/faces.csv:glasses", False), ("faces", False), ("", False),
    ],
)  # fmt: skip
def test_data_that_has_a_name_everywhere_is_told(spec: str, everywhere: bool) -> None:
    assert is_everywhere(spec) == everywhere


def test_a_second_push_replaces_the_first(small: Path, pushed: Hub, hub: Hub, tmp_path: Path) -> None:
    """The files of the first that the second has not are gone, and those of other programs stay."""
    hub.add("user/name", pushed.repositories["user/name"].files | {"notes.txt": b"mine"})
    (small / "samples").mkdir()
    (small / "samples" / "00000005.png").write_bytes(b"picture")
    command("push", small, "user/name", "--license", "mit", "--no-samples", hub=hub, home=tmp_path)
    left = {*hub.repositories["user/name"].files}
    assert left == FILES - {"labeller.safetensors", "samples.png"} | {"familiarity.safetensors", "notes.txt"}


def card(hub: Hub) -> ModelCard:
    return ModelCard(hub.repositories["user/name"].files["README.md"].decode())


def test_the_card_says_what_the_model_is(pushed: Hub) -> None:
    data, text = card(pushed).data.to_dict(), card(pushed).text
    assert data == {
        "license": "cc-by-4.0", "library_name": "viceversa", "pipeline_tag": "image-to-image",
        "tags": ["viceversa", "stargan", "multicyclic"],
    }  # fmt: skip
    assert 'vv.load("hf:user/name")' in text and "(samples.png)" in text and "has not been evaluated" in text
    assert "3 steps of batches of 16" in text and "extra cycles of weight 0.5" in text and "@inproceedings{choi2018stargan" in text
    assert "does not record the license" in text and "source=" not in text


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small run on a packaged data set."""
    return Path(shutil.copytree(GOLDEN / "run", tmp_path / "run"))


def test_the_card_has_the_numbers_of_a_report_and_the_licenses_of_packaged_data(small: Path, hub: Hub, tmp_path: Path) -> None:
    metrics = [{"type": "l1", "value": 2.5, "name": "l1"}]
    drift = {"name": "run", "results": [{"dataset": {"name": "own images"}, "metrics": metrics}]}
    (small / "report").mkdir()
    shutil.copy(GOLDEN / "metrics.json", small / "report")
    (small / "report" / "model-index.yaml").write_text(json.dumps({"model-index": [drift]}))
    command("push", small, "user/name", "--license", "mit", hub=hub, home=tmp_path)
    rows = [
        row for row in json.loads((GOLDEN / "metrics.json").read_text())["rows"] if (row["model"], row["chain"]) == ("run", "8bit")
    ]
    found = {result.metric_name: result for result in card(hub).data.eval_results}
    for row in [row for row in rows if (row["model"], row["chain"]) == ("run", "8bit")]:
        shown = found[f"PSNR to truth, {row['direction']}, k = {row['cycles']}"]
        assert shown.metric_value == pytest.approx(row["psnr_to_truth"], abs=1e-4)
        assert (shown.task_type, shown.dataset_name, shown.metric_type) == ("image-to-image", "avatars-16-v1", "psnr_to_truth")
        assert f"{row['psnr_to_truth']:.1f} |" in card(hub).text
    assert found["l1"].metric_value == 2.5 and found["l1"].dataset_type == "own-images"
    assert SOURCES["avatars"] in card(hub).text and "Pablo Stanley" in SOURCES["avatars"]
    assert "source='hair=black,glasses=yes" in card(hub).text, "without a labeller, an image has to be described"


def test_a_report_of_something_else_is_refused(tmp_path: Path) -> None:
    assert (METRICS, DRIFT) == ("metrics.json", CARD)
    with pytest.raises(UsageError, match=r"it has neither metrics.json nor model-index.yaml"):
        tables_of(tmp_path, "run")
    shutil.copy(GOLDEN / "metrics.json", tmp_path)
    with pytest.raises(UsageError, match=r"no numbers of 'other': it measured 'run', 'floor'"):
        tables_of(tmp_path, "other")
    (tmp_path / "metrics.json").write_text('{"format": 1}')
    with pytest.raises(UsageError, match="is damaged, or no report of viceversa: extractor"):
        tables_of(tmp_path, "run")


@pytest.fixture(scope="module")
def packaged() -> dict[str, bytes]:
    """The files of a packaged model, which has the form that a push writes."""
    folder = Path(vv.__file__).parent / "runs" / "pretrained" / "avatars"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".md"}


LOAD = "import sys\nprint(vv.load(*sys.argv[1:]).name)"


def test_a_download_that_is_cut_off_goes_on(hub: Hub, tmp_path: Path) -> None:
    """The client asks for the rest only. It reads in parts of 10 MiB; what breaks off within the first one begins anew."""
    weights = os.urandom(12 * 2**20)
    hub.add("user/name", {"recipe.json": b"{}", "model.safetensors": weights})
    hub.cut = 11 * 2**20
    place = python("from viceversa.runs.hub import downloaded\nprint(downloaded('hf:user/name'))", hub=hub, home=tmp_path)
    assert (Path(place.strip()) / "model.safetensors").read_bytes() == weights and hub.cut is None
    assert [sent["range"] for _, _, sent in hub.asked if "range" in sent] == [f"bytes={10 * 2**20}-"]


def test_what_was_loaded_once_needs_no_network(packaged: dict[str, bytes], tmp_path: Path) -> None:
    with stand_in() as hub:
        hub.add("user/name", packaged)
        python(LOAD, "hf:user/name", hub=hub, home=tmp_path)
    assert python(LOAD, "hf:user/name", hub=hub, home=tmp_path) == "hf:user/name\n", "the server is gone"


def test_only_what_is_read_is_downloaded(packaged: dict[str, bytes], hub: Hub, tmp_path: Path) -> None:
    """No pickle, no code, no file in a folder, whatever a repository has."""
    bad = pickle.dumps(print)
    names = ("model.bin", "pytorch_model.bin", "train.pkl", "modeling.py", "x/recipe.json", "x/model.safetensors")
    others = dict.fromkeys(names, bad)
    hub.add("user/name", packaged | others)
    python(LOAD, "hf:user/name", hub=hub, home=tmp_path)
    asked = {path.rpartition("/")[2] for _, path, _ in hub.asked if "/resolve/" in path}
    assert asked == {*packaged} and not [path for _, path, _ in hub.asked if "/x/" in path]
    stored = {path.name for path in (tmp_path / "hf").rglob("*") if "snapshots" in path.parts and path.is_file()}
    assert stored == {*packaged}


def test_a_revision_stays_what_it_was(packaged: dict[str, bytes], hub: Hub, tmp_path: Path) -> None:
    first = hub.add("user/name", packaged)
    hub.add("user/name", packaged | {"recipe.json": packaged["recipe.json"].replace(b'"multicyclic"', b'"renamed"')})
    names = "import sys\nprint(*[vv.load(name).record.recipe.name for name in sys.argv[1:]])"
    assert python(names, f"hf:user/name@{first}", "hf:user/name", hub=hub, home=tmp_path) == "multicyclic renamed\n"


def recipe_of(packaged: Mapping[str, bytes], **changes: Any) -> bytes:
    value = json.loads(packaged["recipe.json"])
    value["recipe"]["method"] |= changes
    return json.dumps(value).encode()


def test_hostile_repositories_are_refused_in_one_line(packaged: dict[str, bytes], hub: Hub, tmp_path: Path) -> None:
    """What is too large, or no model, is not even downloaded."""
    cases = {
        "unknown": ({"recipe.json": recipe_of(packaged, kind="os.system")}, "is damaged, or from another version"),
        "shapes": ({"recipe.json": recipe_of(packaged, width=64)}, "this method has no weight"),
        "broken": ({"model.safetensors": b"\xff" * 100}, "cannot read the checkpoint file"),
        "long": ({"recipe.json": b" " * 5_000_000}, "recipe.json of 'hf:user/long' has 5,000,000 bytes"),
        "labeller": ({"labeller.safetensors": bytes(2**26 + 1)}, "labeller.safetensors of 'hf:user/labeller' has 67,108,865 bytes"),
    }
    for name, (files, _) in cases.items():
        hub.add(f"user/{name}", packaged | files)
    hub.add("user/other", {"config.json": b"{}", "model.safetensors": b"another program's"})
    cases["other"] = ({}, "hf:user/other is not a model of viceversa: it has no recipe.json")
    lines = refusals([("", ["translate", f"hf:user/{name}", "x.png"]) for name in cases], hub=hub, home=tmp_path)
    for line, (_, said) in zip(lines, cases.values(), strict=True):
        assert said in line
    assert not [path for path in hub.paths if "/resolve/" in path and path.split("/")[2] in ("long", "labeller", "other")]


@pytest.mark.parametrize(
    "name",
    ["hf:../../e", "hf:../name", "hf:name", "hf:user/name/more", "hf:u/n@../x", "hf:u/n@a/../x", "hf:", "hf:u/n m", "hf:ü/n"],
)
def test_names_that_are_none_are_refused_before_anything_is_asked(name: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a model on the hub: write USER/NAME") as said:
        vv.load(name)
    assert "\n" not in str(said.value)


@pytest.fixture
def nowhere() -> str:
    """The address of a server that is gone."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_errors_of_loading_are_one_line(packaged: dict[str, bytes], hub: Hub, nowhere: str, tmp_path: Path) -> None:
    hub.add("user/secret", packaged, private=True)
    hub.add("user/gated", packaged, gated=True)
    hub.add("user/name", packaged)
    cases = (
        ("", "user/missing", "shows no model 'user/missing': check its name, or if it is private, log in"),
        (READER, "user/missing", "shows no model 'user/missing'"),
        ("", "user/secret", "shows no model 'user/secret'"),
        (READER, "user/gated", "'user/gated' is gated: ask for access at"),
        ("hf_wrong", "user/secret", "does not accept the token: log in with `hf auth login`, or set HF_TOKEN"),
        (READER, "user/na--me", "'user/na--me' cannot be the name of a repository"),
        (READER, "user/name@v9", "'user/name' has no revision 'v9': name a branch"),
        (READER, "user/name", "'x.png' does not exist"),
    )
    wish = ["x.png", "--to", "glasses=yes"]
    lines = refusals([(token, ["translate", f"hf:{name}", *wish]) for token, name, _ in cases], hub=hub, home=tmp_path)
    for line, (_, name, said) in zip(lines, cases, strict=True):
        assert said in line, name
    for environment in ({"hub": hub, "HF_HUB_OFFLINE": "1"}, {"hub": nowhere}):
        (line,) = refusals([("", ["translate", "hf:user/new", "x.png"])], home=tmp_path, **environment)
        assert "cannot be reached, and the cache does not have it: check the network" in line
    hub.down = True
    lines = refusals([("", ["translate", f"hf:user/{name}", *wish]) for name in ("new", "name")], hub=hub, home=tmp_path)
    assert "answered 503 for 'user/new': try again later" in lines[0]
    assert "'x.png' does not exist" in lines[1], "it is loaded from the cache"


def test_errors_of_pushing_are_one_line_and_make_nothing(small: Path, hub: Hub, nowhere: str, tmp_path: Path) -> None:
    hub.add("user/taken", {"config.json": b"{}"})
    hub.add("user/public", {"recipe.json": b"{}"})
    cases = (
        ("", "user/name --license mit", "there is no token for the hub: log in"),
        ("hf_wrong", "user/name --license mit", "does not accept the token"),
        (READER, "user/name --license mit", "the token may not write 'user/name': take one that may, from"),
        (READER, "user/public --license mit", "the token may not write 'user/public'"),
        (WRITER, "others/name --license mit", "the token may not write 'others/name'"),
        (WRITER, "user/name --license free", "the hub knows no license 'free'; it knows, for example, apache-2.0, mit"),
        (WRITER, "user/name", "missing: --license ID"),
        (WRITER, "user/taken --license mit", "'user/taken' holds something else, and no model of viceversa"),
        (WRITER, "user/public --license mit --private", "hf:user/public exists and is public: leave out --private"),
        (WRITER, "user/name@v1 --license mit", "leave out '@v1'"),
        (WRITER, "../name --license mit", "is not the name of a model on the hub"),
        (WRITER, "user/name --license mit --report nowhere", "'nowhere' holds no report"),
    )
    lines = refusals([(token, ["push", small, *words.split()]) for token, words, _ in cases], hub=hub, home=tmp_path)
    for line, (_, words, said) in zip(lines, cases, strict=True):
        assert said in line, words
    (line,) = refusals([(WRITER, ["push", small, "user/name", "--license", "mit"])], hub=nowhere, home=tmp_path)
    assert "cannot be reached: check the network" in line
    assert {*hub.repositories} == {"user/taken", "user/public"}
    assert all(len(repository.commits) == 1 for repository in hub.repositories.values())


def test_a_private_repository_is_made_private(small: Path, hub: Hub, tmp_path: Path) -> None:
    command("push", small, "hf:user/name", "--license", "mit", "--private", hub=hub, home=tmp_path)
    repository: Repository = hub.repositories["user/name"]
    assert repository.private
    assert python(LOAD, "hf:user/name", hub=hub, home=tmp_path, token=READER) == "hf:user/name\n"


OWN = """
import torch
from dataclasses import replace
from viceversa.methods import stargan

def build(space):
    return stargan.build(space, stargan.StarGAN(generator="masked", width=2, blocks=1, critic_width=2))

def apart(space):
    method, bias = build(space), torch.nn.Linear(1, 1)
    phase = replace(method.phases[0], name="bias", learns=("bias",))
    networks = torch.nn.ModuleDict({**method.networks, "bias": bias})
    optimizers = method.optimizers | {"bias": method.optimizers["generator"]}
    def destination(request):
        there = method.destination(request)
        return replace(there, label=there.label + bias.bias)
    return replace(method, networks=networks, optimizers=optimizers, phases=(*method.phases, phase), destination=destination)
"""


def test_a_custom_method_is_pushed_without_its_code(small: Path, hub: Hub, tmp_path: Path) -> None:
    """What would be missing from it is found before anything is uploaded."""
    (tmp_path / "mine.py").write_text(OWN)
    record = read_record(small)
    own = record.recipe.model_copy(update={"name": "own", "method": None})
    write_record(small, record.model_copy(update={"recipe": Recipe[None](**dict(own)), "build": "mine:build"}))
    here = {"hub": hub, "home": tmp_path, "cwd": tmp_path}
    command("push", small, "user/name", "--license", "mit", "--build", "mine:build", **here)
    assert not [name for name in hub.repositories["user/name"].files if name.endswith(".py")]
    assert "build=FUNCTION" in card(hub).text and "its code is not here" in card(hub).text
    source = ["--from", "hair=black,glasses=no,beard=no,smile=no,tone=0.5", "--to", "glasses=yes"]
    lines = refusals(
        [
            (WRITER, ["push", small, "user/other", "--license", "mit"]),
            ("", ["translate", "hf:user/name", "x.png", *source]),
            ("", ["translate", "hf:user/name", "x.png", *source, "--build", "mine:build"]),
        ],
        **here,
    )
    assert "add --build mine:build" in lines[0] and "add --build mine:build" in lines[1]
    assert "the input 'x.png' does not exist" in lines[2], "the model is loaded"


def test_a_network_that_would_be_missing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A custom method whose destinations depend on a network that learns in a phase of its own."""
    (tmp_path / "mine.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    build = importlib.import_module("mine").apart
    record = read_record(GOLDEN / "run")
    record = record.model_copy(update={"build": "mine:apart", "recipe": record.recipe.model_copy(update={"method": None})})
    model = Model("mine", build(record.space), record, None, 5)
    write_contents(model, tmp_path, samples=False)
    with pytest.raises(UsageError, match=r"name that network in Method\.averaged"):
        check_same(model, vv.load(tmp_path, build=build, device="cpu"))


def test_every_command_takes_a_name_of_the_hub(packaged: dict[str, bytes], hub: Hub, tmp_path: Path) -> None:
    """By the functions with which commands find out what a model is."""
    hub.add("user/name", packaged)
    assert kind_of("hf:user/name") == "run"
    found = python(
        "from viceversa.evaluation.candidates.named import candidate, models_by_name\n"
        "from viceversa.data.sources import open_dataset\n"
        "from viceversa.exporting.names import names_of\n"
        "from viceversa.multiturn.editors.named import editor_named, size_of\n"
        "from viceversa.serving.studio.library import library_of\n"
        "from viceversa.cli.next_commands import studio_command\n"
        "print(*models_by_name(['a=hf:user/name', 'hf:user/name']).models)\n"
        "print(editor_named('hf:user/name').name, size_of('hf:user/name'))\n"
        "library = library_of(['hf:user/name'])\n"
        "print(library.models, library.open('hf:user/name').name)\n"
        "print(studio_command(['hf:user/name'], 'report'))\n",
        hub=hub, home=tmp_path,
    )  # fmt: skip
    assert found.splitlines() == [
        "a hf:user/name", "hf:user/name 64", "['avatars', 'icons', 'hf:user/name'] hf:user/name",
        "viceversa studio hf:user/name report",
    ]  # fmt: skip


def test_the_lines_of_the_page(small: Path, hub: Hub, tmp_path: Path) -> None:
    """The push in a Python of its own, with nothing imported before; then the same translation as of the run, and offline."""
    page = (Path(__file__).parents[2] / "docs" / "hub.md").read_text()
    bash, snippet = (re.search(rf"```{language}\n(.*?)```", page, re.S)[1] for language in ("bash", "python"))
    (tmp_path / "runs").mkdir()
    small.rename(tmp_path / "runs" / "faces")
    (tmp_path / "report").mkdir()
    report = (GOLDEN / "metrics.json").read_text().replace('"model": "run"', '"model": "faces"')
    (tmp_path / "report" / "metrics.json").write_text(report)
    Image.new("RGB", (16, 16)).save(tmp_path / "face.png")
    push, translate = (shlex.split(line)[1:] for line in bash.splitlines())

    program = [sys.executable, "-m", "viceversa", *push]
    done = subprocess.run(program, env=variables(hub, tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    said = done.stdout.splitlines()
    assert said[0].startswith("README.md: ") and said[-3].startswith(f"{hub.url}/user/faces (")
    assert said[-2].startswith("next: viceversa translate hf:user/faces IMAGE --to ")

    here = {"hub": hub, "home": tmp_path, "cwd": tmp_path}
    command(*translate, **here)
    hub.asked.clear()
    command(*translate, "--out", "offline", HF_HUB_OFFLINE="1", **here)
    assert not hub.asked
    command("translate", "runs/faces", *translate[2:], "--out", "local", **here)
    assert len({(tmp_path / folder / "face.png").read_bytes() for folder in ("translated", "offline", "local")}) == 1

    (tmp_path / "page.py").write_text(snippet + "\nassert first.step == model.step == 5 and first.name.endswith(pushed.revision)\n")
    done = processes.run(FRESH + processes.SCRIPT, "page.py", cwd=tmp_path, variables=variables(hub, tmp_path))
    assert done.returncode == 0, done.stderr


def test_without_the_package_the_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.delitem(sys.modules, "huggingface_hub.errors", raising=False)
    for call in (lambda: vv.load("hf:user/name"), lambda: vv.push(tmp_path, "user/name", license="mit")):
        with pytest.raises(UsageError, match=r"pip install 'viceversa\[hub\]'"):
            call()
