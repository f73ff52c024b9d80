"""The command line: one file a command, imported when it is called."""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from viceversa import __version__
from viceversa.cli.flags import in_flags
from viceversa.errors import NotFiniteError, Terminated, UsageError, is_out_of_memory, printable, unknown

COMMANDS = {
    "demo": "train two small models on drawn faces and compare them, in minutes",
    "train": "train a model, or continue a training",
    "translate": "translate images or a video clip with a trained model",
    "stylize": "paint an image or a video clip in the style of other images",
    "evaluate": "measure the quality of a model after 0 to 3 earlier translations",
    "compare": "measure several models side by side",
    "drift": "measure what repeated editing does to images, with any editor",
    "chains": "write test images and a list of translations that another program must produce",
    "studio": "open a page in the browser to translate, chain edits, paint, and watch trainings",
    "serve": "answer HTTP requests for translations, chains and style transfer",
    "tune": "search for better settings of a recipe",
    "export": "write a model as ONNX files, which run without PyTorch",
    "push": "upload a model to the Hugging Face Hub",
    "import": "convert weights of yunjey/stargan or pytorch-CycleGAN-and-pix2pix",
    "data": "write a data set as image files and a table",
    "recipes": "list the recipes that `train` knows",
}

HELP = "\n".join([
    "usage: viceversa COMMAND [OPTIONS]",
    "",
    "Train models that translate images between domains, and measure what repeated translation does to an image.",
    "",
    *(f"  {name:<10} {what}" for name, what in COMMANDS.items()),
    "",
    "viceversa COMMAND --help shows the options of a command. viceversa --version (-V) shows the version.",
    "viceversa --tyro-print-completion bash (or zsh, fish) prints a script for tab completion.",
])  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits: 0; 2 with one line for a user's mistake; 1 for a training that broke; 130 after SIGINT (Ctrl-C),
    143 after SIGTERM; 141 without a word where nobody reads on, as behind `| head`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files may have what the terminal's encoding has not
    if not _has_home():
        logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it works without a home directory, after a long warning
    log = logging.getLogger("viceversa")
    log.addFilter(_with_flags)
    try:
        code = _outcome(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        code = _unread()
    finally:
        log.removeFilter(_with_flags)
    sys.exit(code)


def _with_flags(record: logging.LogRecord) -> bool:
    """What the library says, with its settings as flags."""
    record.msg, record.args = in_flags(record.getMessage()), ()
    return True


def _outcome(arguments: list[str]) -> int:
    """The exit code of a command. Raises BrokenPipeError."""
    try:
        return _run(arguments)
    except Terminated as stop:
        return _complaint(in_flags(str(stop)), 143)
    except SystemExit as stop:  # after a command's help
        return int(stop.code or 0)
    except UsageError as error:
        if error.summary:
            print(error.summary, file=sys.stderr)
        return _complaint(in_flags(str(error)), 2)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _complaint(f"{error.filename!r}: {error.strerror}." if error.filename and error.strerror else str(error), 2)
    except NotFiniteError as error:
        return _complaint(in_flags(f"{error} The last checkpoint before it is kept."), 1)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return _complaint("out of memory: take smaller images (--size), a smaller --batch or fewer --samples.", 2)
    except KeyboardInterrupt as stop:
        return _complaint(in_flags(str(stop)) or "interrupted.", 130)


def _unread() -> int:
    """The exit code of a program that SIGPIPE ends. What is still to be written goes nowhere, or Python would complain of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    return 141


def _run(arguments: list[str]) -> int:
    match arguments:
        case [] | ["-h" | "--help", *_]:
            print(HELP)
        case ["--tyro-print-completion" | "--tyro-write-completion", *_]:
            importlib.import_module("viceversa.cli.completion").run(arguments)
        case ["-V" | "--version", *_]:
            print(__version__)
        case [name, *rest] if name in COMMANDS:
            if name in ("train", "tune"):
                importlib.import_module("viceversa.cli.options").check_recipe(name, rest)
            module = "importing" if name == "import" else name  # which no module can be called
            return int(importlib.import_module(f"viceversa.cli.{module}").run(rest) or 0)
        case [name, *_]:
            raise unknown("command", name, COMMANDS)
    return 0


def _has_home() -> bool:
    """Whether the user has a home directory, which some containers' users have not."""
    try:
        return bool(Path.home())
    except RuntimeError:
        return False


def _complaint(text: str, code: int) -> int:
    """One line, in which nothing of a name can move the cursor or color the terminal."""
    print(f"viceversa: {printable(' '.join(text.split()))}", file=sys.stderr)
    return code
