"""Next steps for a run as Python calls; cli/next_commands.py has them as commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from viceversa.core.routing import routing_of
from viceversa.runs.record import Record

NextSteps = Callable[[Path, Record, bool], Mapping[str, str]]
"""Function from (run, record, whether all steps are done) to a mapping from purpose to call or command."""


def next_calls(run: Path, record: Record, done: bool) -> dict[str, str]:
    """Return the next steps as Python calls. A custom method is named by its function."""
    folder, own = repr(str(run)), "" if record.build is None else f", build={_function(record.build)}"
    what = _function(record.build) if record.build else repr(record.recipe.name)
    again = {} if done else {"continue the training": f"vv.train({what}, out={folder}, resume=True)"}
    routing = routing_of(record.space)
    source = "" if record.recipe.training.labeller else routing.example_source
    shown = f", source={source!r}" if source else ""
    loaded = f"vv.load({folder}{own})"
    return again | {
        "translate an image": f"{loaded}.translate('IMAGE', {routing.example_target!r}{shown})",
        "measure the model": f"print(vv.evaluate({loaded if own else folder}, out='report').table())",
    }


def _function(build: str) -> str:
    """Return module:function as Python code."""
    return build.rpartition(":")[2]
