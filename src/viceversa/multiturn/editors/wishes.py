"""Source and target of an edit for editors that understand attributes or spaces, not words."""

from __future__ import annotations

from viceversa.core.routing import Routing
from viceversa.core.space import Wish
from viceversa.errors import UsageError
from viceversa.multiturn.editors.editor import Edit


def wishes(edit: Edit, routing: Routing, editor: str) -> tuple[Wish, Wish]:
    """Return the source and the target of an edit: attributes, or the name of a space between two spaces.

    Args:
        edit: edit with a target; between two spaces the target is {"space": NAME}.
        routing: routing of the editor's space.
        editor: name of the editor, for messages.

    Raises:
        UsageError: If the edit has no such target.
    """

    def wish(values: Wish, space: Wish) -> Wish:
        return routing.choose(labels=values, spaces=space, sets=values)

    source, target = (wish(values, values.get("space", "")) for values in (edit.source, edit.target))
    if not target:
        asks = routing.choose(labels="attributes", spaces="a target space", sets="attributes")
        remedy = "use labeled images, as `images='avatars'` or `images='icons'`"
        raise UsageError(f"{editor} edits by {asks} and does not read instructions, and the images have none: {remedy}.")
    return source, target
