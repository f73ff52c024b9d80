"""The command line. Each command has its own file, which is imported when the command is called."""

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
    """Run one command and exit.

    Exit codes: 0 for success; 1 for a training that diverged, or a limit that was exceeded; 2 for a mistake of the user, with one
    line on standard error; 130 after SIGINT (Ctrl-C); 141, without a message, if the reader of the output is gone, as in `| head`;
    143 after SIGTERM.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names may contain characters that the terminal cannot encode
    if not _has_home():
        logging.getLogger("matplotlib").setLevel(logging.ERROR)  # without a home directory it works, but prints a long warning
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
    """Rewrite the settings in a log message as flags."""
    record.msg, record.args = in_flags(record.getMessage()), ()
    return True


def _outcome(arguments: list[str]) -> int:
    """Run a command and return its exit code. Raises BrokenPipeError."""
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
    """Return the exit code of a program that SIGPIPE ends. Remaining output is discarded, otherwise Python prints an error."""
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
    """Return whether the user has a home directory. In some containers there is none."""
    try:
        return bool(Path.home())
    except RuntimeError:
        return False


def _complaint(text: str, code: int) -> int:
    """Print one line on standard error, without control characters, and return the exit code."""
    print(f"viceversa: {printable(' '.join(text.split()))}", file=sys.stderr)
    return code
