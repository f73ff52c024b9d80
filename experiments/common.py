"""What all experiments share: train or resume a recipe, write a result, fill a page, record the environment.

An experiment is a package with `__main__.py`, run from the root of the repository as `python -m experiments.NAME`. Its measured
numbers are JSON files in `experiments/NAME/results/`. Its page of docs shows them in tables between marks, and shows its pictures
as `docs/results/NAME/*.webp`.
"""

from __future__ import annotations

import datetime
import io
import json
import os
import platform
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import tyro
from PIL import Image

import viceversa as vv
from viceversa.core.method import Builder
from viceversa.files import write_atomically

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MOST_BYTES = 100_000
"""Size of a picture of the docs, at most; a picture that has more at the lowest quality is kept at that quality."""
QUALITIES = (92, 90, 88, 86, 84, 82, 80, 75, 70, 65)
TRAINING = {"precision": "bf16", "checkpoint_every": 500, "best": "none", "labeller": False}
"""Settings of every experiment's training, unless it has others: nothing is judged or labelled while it trains."""
_UNAVERAGED = {"training.average": 0.0}
_RESNET = {"generator": "resnet", "width": 24, "identity": 0.5, "learning_rate": 2e-4}
BEFORE_KEEPING: Mapping[str, Mapping[str, Any]] = {
    "cyclegan": {f"method.{name}": value for name, value in _RESNET.items()} | _UNAVERAGED,
    "better-cycles": {f"method.cyclegan.{name}": value for name, value in _RESNET.items()} | _UNAVERAGED,
    "discogan": {"method.generator": "encoder-decoder", "method.blocks": 9, "method.learning_rate": 2e-4, **_UNAVERAGED},
    "augmented-cyclegan": {"method.generator": "coded", "method.width": 16, "method.learning_rate": 2e-4, **_UNAVERAGED},
    "cut": {"method.generator": "antialiased", "method.width": 24, "method.learning_rate": 2e-4, **_UNAVERAGED},
    "diat": {"method.generator": "resnet", "method.width": 16, "method.blocks": 5, **_UNAVERAGED},
}
"""Settings of packaged recipes until they got generators that keep (docs/results/generators.md), for experiments made before;
batches were 8 unless an experiment says otherwise."""


def command(description: str | None, *parts: Callable[[Any], None]) -> None:
    """Run an experiment from the command line: its only part, or the subcommand of that name.

    A part is the function `main` of a module, or any other function; its parameter is a dataclass of options. A subcommand is named
    after the module of a `main`, otherwise after the function.
    """
    config = (tyro.conf.OmitArgPrefixes,)
    if len(parts) == 1:
        tyro.cli(parts[0], description=description, config=config)
        return
    names = [part.__module__.rpartition(".")[2] if part.__name__ == "main" else part.__name__ for part in parts]
    named = {name.replace("_", "-"): part for name, part in zip(names, parts, strict=True)}
    tyro.extras.subcommand_cli_from_dict(named, description=description, config=config)


def trained(what: str | Builder, run: Path, *, until: int | None = None, before: bool = False, **settings: Any) -> vv.Model:
    """Train a recipe by name or a method by its builder, or resume the run in the folder; return its last checkpoint.

    Args:
        what: the recipe or builder.
        run: folder of the run; if it holds one, the run goes on with the settings that it has.
        until: the step to stop at, with the schedule of all steps.
        before: train a packaged recipe as it was before generators that keep.
        settings: arguments of `viceversa.train`, in addition to TRAINING.

    Raises:
        KeyboardInterrupt: the training was interrupted. Its last step is saved, so the same call goes on from there.
    """
    begun = (run / "recipe.json").exists()
    if before:
        settings["settings"] = {**BEFORE_KEEPING.get(str(what), {}), **settings.get("settings", {})}
    vv.train(what, out=run, until=until, **({"resume": True} if begun else TRAINING | settings))
    return vv.load(run, build=None if isinstance(what, str) else what, checkpoint="last")


def use_cpu(threads: int) -> None:
    """Train on so many threads of the CPU, whatever devices there are, so that times and results compare."""
    os.environ["ACCELERATE_USE_CPU"] = "1"
    torch.set_num_threads(threads)


def seconds_of(run: Path) -> float:
    """Seconds from the first file of a run to its last checkpoint, pauses included."""
    ends = [path.stat().st_mtime for path in run.glob("checkpoints/*/manifest.json")]
    return round(max(ends) - (run / "recipe.json").stat().st_mtime, 1)


def now() -> str:
    """The time now, to the second, as rows have the one at which they began."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def commit() -> str:
    """The commit that trains, with a plus if files differ from it; "unknown" for files that are in no repository."""
    found = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def environment() -> dict[str, Any]:
    """What a result depends on beside its code: versions, processor and threads."""
    return {
        "viceversa": vv.__version__, "torch": torch.__version__, "python": platform.python_version(), "processor": processor(),
        "threads": torch.get_num_threads(),
    }  # fmt: skip


def processor() -> str:
    """Name of the GPU, or of the CPU if there is none."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def write_json(path: Path, content: Mapping[str, Any], rows: Iterable[Mapping[str, Any]] | None = None) -> None:
    """Write a JSON file, whole or not at all. rows: written last, as "rows", each on a line of its own."""
    text = json.dumps(content, indent=1)
    if rows is not None:
        lines = ",\n".join(json.dumps(row) for row in rows)
        text = f'{text.removesuffix("}").rstrip()},\n "rows": [\n{lines}\n]}}'
    write_atomically(path, f"{text}\n".encode())


def write_result(path: Path, facts: Mapping[str, Any], rows: Iterable[Any] | None = None) -> None:
    """Write a result with the environment it was measured in. rows: of an evaluation (evaluation.report.contents.Row)."""
    found = None if rows is None else [row if isinstance(row, Mapping) else vars(row) for row in rows]
    write_json(path, {**facts, "environment": environment()}, found)


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text("utf-8"))


def table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (titles, ["---"] * len(titles), *lines))


def filled(page: str, tables: Mapping[str, str]) -> str:
    """The page with each text between its marks, `<!-- NAME -->` and `<!-- end of NAME -->`, in place of what stands there.

    Raises ValueError if the page does not have both marks once.
    """
    for name, text in tables.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if (page.count(begin), page.count(end)) != (1, 1):
            raise ValueError(f"the page does not have {begin} and {end} once each.")
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n\n{text.strip()}\n\n{end}{rest.partition(end)[2]}"
    return page


def fill_page(path: Path, tables: Mapping[str, str]) -> None:
    """Write the tables of a page anew."""
    write_atomically(path, filled(path.read_text("utf-8"), tables).encode())


def show(results: Path, page: Path) -> None:
    """Compress what a page shows of an experiment's pictures: results/A.png -> docs/results/NAME/A.webp; copy its clips.

    Pictures that are not in `results` stay as the docs have them.
    """
    name = results.parent.name
    for link in re.findall(rf"\]\((?:results/)?{name}/([^)]+)\)", page.read_text("utf-8")):
        target = DOCS / "results" / name / link
        source = (results / link).with_suffix(".png" if target.suffix == ".webp" else target.suffix)
        if source.exists() and target.suffix == ".webp":
            with Image.open(source) as picture:
                save_webp(picture, target)
        elif source.exists():
            write_atomically(target, source.read_bytes())


def save_webp(picture: Image.Image, path: Path) -> None:
    """Write a picture for the docs: without loss if it has at most MOST_BYTES then, otherwise at the best quality that does."""
    ways: list[dict[str, Any]] = [{"lossless": True}, *({"quality": quality} for quality in QUALITIES)]
    for way in ways:
        buffer = io.BytesIO()
        picture.convert("RGB").save(buffer, "WEBP", method=6, **way)
        if buffer.tell() <= MOST_BYTES:
            break
    write_atomically(path, buffer.getvalue())
