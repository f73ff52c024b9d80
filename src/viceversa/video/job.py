"""A clip made into another one, frame by frame: in parts that are kept, with what is measured on the way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from viceversa.errors import UsageError
from viceversa.files import remove
from viceversa.pipeline import in_stages
from viceversa.video.clip import Clip, CutShort, Frame, Picture8
from viceversa.video.consistency import Consistency, Sums, summarized
from viceversa.video.flow import DIS, Estimator, Motion
from viceversa.video.parts import Part, Parts, Time, parts_folder, parts_opened


class Form(Protocol):
    """How frames are written. suffix: of a part."""

    @property
    def suffix(self) -> str: ...

    def write(self, frames: Iterable[Frame], path: Path, first: int) -> None:
        """A part that begins with the frame number `first`."""

    def join(self, parts: Sequence[Path], times: Iterable[Time], out: Path) -> None:
        """All parts at their place, whole or not at all."""


@dataclass(frozen=True, eq=False)
class Passage:
    """From a frame to the next: the earlier frame and what was made of it, the later frame, and how the frames move."""

    earlier: Picture8
    made: Picture8
    now: Picture8
    estimator: Estimator = DIS

    @cached_property
    def motion(self) -> Motion:
        return Motion(self.earlier, self.now, self.estimator)


@dataclass(frozen=True, eq=False)
class Process:
    """What is done to each frame.

    opened: the frame (H, W, 3) as it is compared with what is made of it. made: of the opened frame and what it becomes alone, with
    the passage from the one before, which the first has not. alone: what opened frames become each by itself, `together` at once:
    the part that does not depend on the frame before, which is done ahead.
    """

    opened: Callable[[Picture8], Picture8]
    made: Callable[[Picture8, Picture8, Passage | None], Picture8]
    alone: Callable[[Sequence[Picture8]], Sequence[Picture8]] = list
    together: int = 1


@dataclass(frozen=True)
class MadeClip:
    """How many frames were written; their consistency, if it was asked for and there are two; why the clip was cut, if it was."""

    frames: int
    consistency: Consistency | None = None
    cut: str = ""


@dataclass(frozen=True)
class Work:
    """How a clip is worked on. request: what was asked for, in words that differ where the result would; part: frames in a
    part; measured: whether consistency is; watched: sees the frames go by, as a bar does."""

    request: Mapping[str, str]
    part: int = 64
    measured: bool = False
    watched: Callable[[Iterator[Frame]], Iterator[Frame]] = iter
    estimator: Estimator = DIS


def processed(frames: Iterable[Picture8], process: Process, estimator: Estimator = DIS) -> Iterator[Picture8]:
    """What is made of the frames (H, W, 3) of a clip, one after the other."""
    numbered = (Frame(pixels, number, 1) for number, pixels in enumerate(frames))
    for step in _steps(numbered, process, Work({}, estimator=estimator), []):
        yield step.frame.pixels


def make_clip(clip: Clip, out: Path, form: Form, process: Process, work: Work) -> MadeClip:
    """Makes the clip `out`, going on with the parts that an interrupted call of the same request has left beside it.

    Of a clip that cannot be read to its end what was read is written. Raises UsageError; KeyboardInterrupt that says what is kept.
    """
    parts, cut = Parts(parts_folder(out), form.suffix, work.part), list[CutShort]()
    with parts_opened(parts, work.request):
        try:
            _make(work.watched(_until_cut(clip, cut)), parts, form, process, work)
        except KeyboardInterrupt:
            count = sum(len(part.times) for part in parts.done())
            kept = f"{count} frames are kept; run the same command again to continue" if count else "no frames are kept yet"
            raise KeyboardInterrupt(f"interrupted: {kept}.") from None
        done = parts.done()
        if not done:
            raise UsageError(f"no frame of {str(clip.path)!r} can be read: give another file.")
        times = [time for part in done for time in part.times]
        sums = Sums(**done[-1].sums)
        measured = summarized(sums, work.estimator) if sums.pairs else None
        form.join([parts.path(part.number) for part in done], times, out)
        remove(parts.folder)
    return MadeClip(len(times), measured, str(cut[0]) if cut else "")


def _until_cut(clip: Clip, cut: list[CutShort]) -> Iterator[Frame]:
    """The frames that can be read; then `cut` has the reason why there are no more, if there should be."""
    try:
        yield from clip.read()
    except CutShort as error:
        cut.append(error)


def _make(frames: Iterator[Frame], parts: Parts, form: Form, process: Process, work: Work) -> None:
    """Makes the parts that are not there yet."""
    done = parts.done()
    steps = _steps(frames, process, work, done, parts.last(done[-1].number) if done else None)
    written = parts.folder / f"unfinished{form.suffix}"
    times, final = list[Time](), list[Step]()

    def noted(some: Iterable[Step]) -> Iterator[Frame]:
        for step in some:
            times.append((step.frame.start, step.frame.length))
            final[:] = [step]
            yield step.frame

    for number in itertools.count(len(done)):
        if (first := next(steps, None)) is None:
            return
        remove(written)
        times.clear()
        form.write(noted(itertools.chain([first], itertools.islice(steps, work.part - 1))), written, number * work.part)
        parts.keep(Part(number, tuple(times), asdict(final[0].sums)), written, final[0].frame.pixels)


@dataclass(frozen=True, eq=False)
class Step:
    """A frame that was made, and the figures up to it."""

    frame: Frame
    sums: Sums


def _steps(
    frames: Iterable[Frame], process: Process, work: Work, done: Sequence[Part], last: Picture8 | None = None
) -> Iterator[Step]:
    """All steps behind the parts that are done, whose last frame became `last`."""
    skipped, sums = sum(len(part.times) for part in done), Sums(**done[-1].sums) if done else Sums()
    earlier: tuple[Picture8, Picture8] | None = None
    left = itertools.islice(frames, max(skipped - 1, 0), None)
    if skipped and last is not None and (frame := next(left, None)) is not None:
        earlier = process.opened(frame.pixels), last
    for frame, before, alone in _ahead(left, process):
        passage = None if earlier is None else Passage(*earlier, before, work.estimator)
        after = process.made(before, alone, passage)
        if work.measured and passage is not None:
            sums = sums.plus(passage.motion, passage.made, after)
        earlier = before, after
        yield Step(replace(frame, pixels=after), sums)


def _ahead(frames: Iterable[Frame], process: Process) -> Iterator[tuple[Frame, Picture8, Picture8]]:
    """Frames, what they are compared with, and what they become alone; read and made in threads, ahead of what is asked for."""

    def opened(group: list[Frame]) -> list[tuple[Frame, Picture8]]:
        return [(frame, process.opened(frame.pixels)) for frame in group]

    def made(group: list[tuple[Frame, Picture8]]) -> list[tuple[Frame, Picture8, Picture8]]:
        after = process.alone([before for _, before in group])
        return [(frame, before, alone) for (frame, before), alone in zip(group, after, strict=True)]

    for group in in_stages(opened, made, frames, process.together):
        yield from group
