"""A method in a user's own file, from the command line: trained, gone on with, used, measured, compared and tuned by its name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import processes
from cli.own import people
from viceversa.cli.options import check_recipe
from viceversa.errors import UsageError
from viceversa.evaluation.evaluate import evaluate
from viceversa.inference.load import load
from viceversa.recipes import builder
from viceversa.recipes.builders import OwnSettings
from viceversa.recipes.own_method import own_recipe, read_with, storable
from viceversa.recipes.user_functions import function_named, is_named
from viceversa.runs.record import read_record
from viceversa.training.run import train

PLAIN = (Path(__file__).resolve().parents[2] / "examples" / "mine.py").read_text()
SETTINGS = """class Mine(BaseModel, frozen=True):
    width: int = Field(8, gt=0, description="channels of the reader")
    rate: float = 1e-3
    bright: bool = True


def build(space, settings=Mine()):"""
WITH_SETTINGS = (
    PLAIN.replace("def build(space):", SETTINGS)
    .replace("import torch\n", "import torch\nfrom pydantic import BaseModel, Field\n", 1)
    .replace("nn.Conv2d(3, 8, 4, 4)", "nn.Conv2d(3, settings.width, 4, 4)")
    .replace("nn.Linear(8,", "nn.Linear(settings.width,")
    .replace("Optimizer(1e-3)", "Optimizer(settings.rate)")
)
SERIES = """
import json, sys
from viceversa.cli import main
from viceversa.metrics import labeller_training
labeller_training.FEWEST_STEPS = 2  # what it reads is not what is looked at
for line in json.loads(sys.argv[1]):
    print("@@@", line, flush=True)
    print("@@@", line, file=sys.stderr, flush=True)
    try:
        main(line.split())
    except SystemExit as stop:
        print("exit", stop.code, flush=True)
"""
TINY = "--data table/faces.csv --size 16 --batch 4 --training.no-labeller"


def said(lines: Sequence[str], folder: Path) -> tuple[list[int], list[str]]:
    """The exit codes of commands, one after the other in one process, and what each said."""
    done = processes.run(SERIES, json.dumps(lines), cwd=folder)
    assert done.returncode == 0, done.stderr
    told, errors = ([part.partition("\n")[2] for part in f"\n{text}".split("\n@@@ ")[1:]] for text in (done.stdout, done.stderr))
    codes = [int(part.splitlines()[-1].removeprefix("exit ")) for part in told]
    return codes, [f"{out}\n{error}" for out, error in zip(told, errors, strict=True)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with own methods and a small table; `plain` and `wide` are runs of 1 and 2 steps."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "below").mkdir()
    (folder / "mine.py").write_text(PLAIN)
    (folder / "below" / "wider.py").write_text(WITH_SETTINGS)
    people(folder / "table")
    lines = [
        f"train mine:build --out plain --steps 2 --until 1 {TINY}",
        f"train below/wider.py:build --out wide --steps 2 --method.width 5 --method.no-bright {TINY}",
    ]
    codes, told = said(lines, folder)
    assert codes == [0, 0], told
    return folder


def test_a_run_remembers_the_function_and_its_settings(folder: Path) -> None:
    plain, wide = (read_record(folder / name) for name in ("plain", "wide"))
    assert (plain.build, plain.recipe.name, plain.recipe.method) == ("mine:build", "own", None)
    assert wide.build == "wider:build"
    assert wide.recipe.method == OwnSettings.model_validate({"kind": "own", "width": 5, "rate": 1e-3, "bright": False})


def test_every_command_takes_it_by_its_name(folder: Path) -> None:
    lines = [
        f"train mine:build --out plain --resume {TINY}",
        "train below/wider.py:build --out wide --resume",
        "train below/wider.py:build --out wide --resume --method.width 6",
        "translate plain table/faces/1.png --from hair=blond,glasses=no,age=40 --to glasses=yes --out o --build mine:build",
        "translate wide table/faces/1.png --from hair=blond,glasses=no,age=20 --to glasses=no --out p --build below/wider.py:build",
        "evaluate wide --samples 4 --cycles 1 --out e --build below/wider.py:build",
        "compare plain wide --samples 4 --cycles 1 --out c --build mine:build --build below/wider.py:build",
        f"tune below/wider.py:build --out t --trials 2 --samples 4 --checks 1 --steps 2 --search method.width=2..3 {TINY}",
        "train below/wider.py:build --help",
        "train mine:build --help",
    ]
    codes, told = said(lines, folder)
    assert codes == [0, 0, 2, 0, 0, 0, 0, 0, 0, 0], told
    assert "plain: 2 steps" in told[0]
    assert "method.width = 5, not 6" in told[2]
    assert (folder / "o" / "1.png").exists() and (folder / "p" / "1.png").exists()
    assert {"plain", "wide"} <= {row["model"] for row in json.loads((folder / "c" / "metrics.json").read_text())["rows"]}
    assert "2 trials: 2 done" in told[7] and "viceversa train below/wider.py:build" in told[7]
    assert "channels of the reader (default: 8)" in " ".join(told[8].replace("│", " ").split())
    assert "--method" not in told[9]


def test_the_code_that_a_run_names_is_not_run_unless_a_person_names_it(folder: Path) -> None:
    (folder / "hostile.py").write_text("from pathlib import Path\nPath('harm').write_text('done')\nfrom mine import build\n")
    record = json.loads((folder / "plain" / "recipe.json").read_text())
    (folder / "theirs").mkdir()
    for place in ("checkpoints", "samples"):
        (folder / "theirs" / place).symlink_to(folder / "plain" / place)
    (folder / "theirs" / "recipe.json").write_text(json.dumps(record | {"build": "hostile:build"}))
    lines = [
        "translate theirs table/faces/1.png --to glasses=yes --out h",
        "evaluate theirs --samples 4 --cycles 1 --out h",
        "compare plain theirs --samples 4 --cycles 1 --out h",
        "compare plain theirs --samples 4 --cycles 1 --out h --build mine:build --build wider:build",
        "train stargan --out theirs --resume",
        f"train stargan --out h --init theirs {TINY}",
    ]
    codes, told = said(lines, folder)
    assert codes == [2] * len(lines) and not (folder / "harm").exists() and not (folder / "h").exists(), told
    assert all("add --build hostile:build." in text for text in (told[0], told[1], told[3])) and "--build mine:build" in told[2]
    codes, told = said([f"{lines[0]} --build hostile:build --from hair=blond,glasses=no,age=40"], folder)
    assert codes == [0] and (folder / "harm").exists(), told


WRONG = {
    "train nowhere:build": "cannot import 'nowhere'",
    "train nowhere.py:build": "there is no file 'nowhere.py'",
    "train mine:bild": "the module 'mine' has no 'bild'",
    "train mine:nn": "mine:nn is not a function",
    "train broken.py:build": "cannot import 'broken.py': NameError in line 2 of broken.py",
    "train typo.py:build": "cannot import 'typo.py': SyntaxError in line 1 of typo.py",
    "train odd.py:nothing --data table/faces.csv --out x": "odd:nothing returned NoneType, not a viceversa.core.method.Method",
    "train odd.py:kinds": "odd:kinds has a setting --kind",
    "train mine:build --method.width 3": "unrecognized option --method.width. See",
    "train below/wider.py:build --method.widht 3": "Did you mean --method.width?",
    "train below/wider.py:build --method.width 0": "--method.width 0: input should be greater than 0",
    "train stargan --out plain --resume": "holds a run of 'own', not of 'stargan'",
    "translate plain table/faces/1.png --to glasses=yes --build mine:bild": "has no 'bild'",
    "translate wide table/faces/1.png --to glasses=yes --build mine:build": "mine:build takes no settings, but",
    "tune mine:bild": "has no 'bild'",
    "evaluate mine:nn --data avatars --out x --build mine:build": "leave out --build: 'mine:nn' is not a run",
    "compare mine:nn --data table/faces.csv --out x --build mine:build": "leave out --build: none of these runs",
    "translate avatars table/faces/1.png --to glasses=yes --build mine:build": "leave out --build",
}


def test_a_mistake_is_one_line(folder: Path) -> None:
    (folder / "broken.py").write_text("import torch\nbuild = undefined\n")
    (folder / "typo.py").write_text("def build(:\n")
    (folder / "odd.py").write_text(
        "from pydantic import BaseModel\nclass Mine(BaseModel):\n    kind: str = ''\n"
        "def nothing(space): return None\ndef kinds(space, settings=Mine()): return None\n"
    )
    codes, told = said(list(WRONG), folder)
    for line, code, text in zip(WRONG, codes, told, strict=True):
        assert code == 2 and WRONG[line] in text and "Traceback" not in text, (line, text)
    assert not (folder / "x").exists()


def test_python_takes_the_function_itself_and_speaks_python(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    build = function_named("below/wider.py:build")
    with pytest.raises(UsageError, match=r"wider:build: .*viceversa\.load\(run, build=FUNCTION\)"):
        load("wide")
    model = load("wide", build=build)
    assert model.record.recipe.method is not None and model.method.networks["reader"][0].out_channels == 5
    report = evaluate("wide", build=build, samples=4, cycles=0, quiet=True)
    assert any(row.model == "wide" for row in report.rows)
    outcome = train(build, out="again", data="table/faces.csv", size=16, batch=4, steps=1, quiet=True, labeller=False,
                    settings={"method.width": 3})  # fmt: skip
    assert load(outcome.run, build=build).method.networks["reader"][0].out_channels == 3
    with pytest.raises(UsageError, match="holds a run of 'own', not of 'stargan'"):
        train("stargan", out="again", resume=True)
    with pytest.raises(UsageError, match=r"method.width = 0: input should be greater than 0"):
        train(build, out="other", settings={"method.width": 0})


def test_settings_survive_the_file_with_their_function_only(folder: Path) -> None:
    build = function_named(str(folder / "below" / "wider.py:build"))
    recipe = own_recipe(build)
    kept = storable(recipe)
    assert type(kept.method) is OwnSettings and storable(kept) is kept
    assert read_with(kept, build) == recipe and read_with(recipe, build) is recipe
    with pytest.raises(UsageError, match="takes no settings"):
        builder(kept, lambda space: None)(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("mine:build", True), ("pack.mine:build", True), ("mine.py:build", True), ("../a b/mine.py:build", True),
        ("avatars:glasses", True), ("stargan", False), ("mine:", False), (":build", False), ("mine:a.b", False), ("a/b:c", False),
    ],
)  # fmt: skip
def test_what_names_a_function(text: str, is_one: bool) -> None:
    assert is_named(text) == is_one
    if is_one:
        check_recipe("train", [text])
