"""User functions by name: "module:function" or "folder/file.py:function". They run only if the user names them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from viceversa.errors import UsageError, quoted


def is_named(spec: str) -> bool:
    """Return whether the text has the form of a function's name: a module or Python file, a colon, and an identifier."""
    module, colon, name = spec.rpartition(":")
    parts = module.split(".")
    return bool(colon) and name.isidentifier() and (module.endswith(".py") or all(part.isidentifier() for part in parts))


def function_named(spec: str) -> Callable[..., Any]:
    """Import the function. Modules are also found in the working directory, as with `python -m`.

    Raises UsageError if the file, the module or the function does not exist, or if the import fails.
    """
    module, _, name = spec.rpartition(":")
    file = Path(module) if module.endswith(".py") else None
    if file and not file.is_file():
        raise UsageError(f"there is no file {str(file)!r}, which {quoted(spec)} names.")
    folder = str(file.parent.resolve() if file else Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        function = vars(_of_file(file) if file else importlib.import_module(module)).get(name)
    except Exception as error:  # an import runs the module's code, which can raise anything
        raise UsageError(f"cannot import {module!r}: {reason_of(error)}.") from error
    if function is None:
        raise UsageError(f"the module {module!r} has no {name!r}.")
    if not callable(function):
        raise UsageError(f"{spec} is not a function.")
    return function  # type: ignore[no-any-return]


def name_of(function: Callable[..., Any]) -> str:
    """Return the name under which a run stores the function: "module:function"."""
    return f"{function.__module__}:{getattr(function, '__qualname__', function)}"


def _of_file(file: Path) -> ModuleType:
    """Return the module in a file, imported once."""
    known = sys.modules.get(file.stem)
    if known is not None and Path(known.__file__ or "").resolve() == file.resolve():
        return known
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(file.stem, module)
    spec.loader.exec_module(module)
    return module


def reason_of(error: Exception) -> str:
    """Return what went wrong during an import, and in which line."""
    if isinstance(error, ImportError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = (error.filename, error.lineno) if isinstance(error, SyntaxError) else (last.filename, last.lineno)
    return f"{type(error).__name__} in line {place[1]} of {Path(place[0] or '').name}: {error}"
