"""A user's Python function as an editor: edit(image, instruction, seed)."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from viceversa.errors import UsageError
from viceversa.multiturn.editors.answers import answered, in_short
from viceversa.multiturn.editors.editor import Edit, Editor
from viceversa.recipes.user_functions import function_named, reason_of

Function = Callable[[Image.Image, str, int], object]
"""Function from (image of mode "L" or "RGB", instruction, seed) to the edited image: a Pillow image, or an array (H, W) or (H, W,
C) of uint8."""


def by_named_function(spec: str) -> Editor:
    """Return an editor that calls a function.

    Args:
        spec: "module:function" or "folder/file.py:function"; see `Function` for what it takes and returns.

    Raises UsageError if there is no such function. The editor raises UsageError, with the line that failed, whenever the function
    raises an exception, and for an answer that is no image.
    """
    function: Function = function_named(spec)

    def edited(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        try:
            made = function(image.copy(), edit.instruction, seed)
        except SystemExit as error:
            raise UsageError(f"{spec} failed: it ended the program with {error.code!r}.") from error
        except Exception as error:  # the function can raise anything
            raise UsageError(f"{spec} failed: {in_short(reason_of(error))}.") from error
        return answered(made, spec)

    return edited
