"""Turn a clip into another one, frame by frame, in parts that survive interrupts, with measurements on the way."""

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
    """Writer of frames. suffix: suffix of its parts."""

    @property
    def suffix(self) -> str: ...

    def write(self, frames: Iterable[Frame], path: Path, first: int) -> None:
        """Write a part that begins with frame number `first`."""

    def join(self, parts: Sequence[Path], times: Iterable[Time], out: Path) -> None:
        """Write all parts to their final place, atomically."""


@dataclass(frozen=True, eq=False)
class Passage:
    """Step from one frame to the next.

    Args:
        earlier: the earlier frame.
        made: its result.
        now: the later frame.
        estimator: flow estimator.
    """

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

    Args:
        opened: function that prepares a frame (H, W, 3), so that it can be compared with its result.
        made: function that returns the result, from the prepared frame, its result alone, and the passage from the frame before,
            None for the first one.
        alone: function from prepared frames to their results without the frames before; it is computed in advance.
        together: number of frames that `alone` takes at once.
    """

    opened: Callable[[Picture8], Picture8]
    made: Callable[[Picture8, Picture8, Passage | None], Picture8]
    alone: Callable[[Sequence[Picture8]], Sequence[Picture8]] = list
    together: int = 1


@dataclass(frozen=True)
class MadeClip:
    """Result of `make_clip`.

    Args:
        frames: number of frames written.
        consistency: consistency, if it was asked for and there are two frames.
        cut: why the clip was cut; empty if it was not.
    """

    frames: int
    consistency: Consistency | None = None
    cut: str = ""


@dataclass(frozen=True)
class Work:
    """How a clip is processed.

    Args:
        request: description of the request; it differs wherever the result would.
        part: number of frames in a part.
        measured: whether to measure consistency.
        watched: function that the frames pass through, such as a progress bar.
        estimator: flow estimator.
    """

    request: Mapping[str, str]
    part: int = 64
    measured: bool = False
    watched: Callable[[Iterator[Frame]], Iterator[Frame]] = iter
    estimator: Estimator = DIS


def processed(frames: Iterable[Picture8], process: Process, estimator: Estimator = DIS) -> Iterator[Picture8]:
    """Yield the results of the frames (H, W, 3) of a clip, one after the other.

    Args:
        frames: the frames.
        process: what is done to each.
        estimator: flow estimator.
    """
    numbered = (Frame(pixels, number, 1) for number, pixels in enumerate(frames))
    for step in _steps(numbered, process, Work({}, estimator=estimator), []):
        yield step.frame.pixels


def make_clip(clip: Clip, out: Path, form: Form, process: Process, work: Work) -> MadeClip:
    """Make the clip `out`, continuing with the parts of an interrupted call with the same request.

    If the clip cannot be read to its end, what was read is written.

    Args:
        clip: the input.
        out: the output.
        form: writer of the output.
        process: what is done to each frame.
        work: how the clip is processed.

    Raises:
        UsageError: If no frame can be read or written.
        KeyboardInterrupt: At SIGINT. It says what is kept.
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
    """Yield the readable frames; if the clip is cut, store the reason in `cut`."""
    try:
        yield from clip.read()
    except CutShort as error:
        cut.append(error)


def _make(frames: Iterator[Frame], parts: Parts, form: Form, process: Process, work: Work) -> None:
    """Make the parts that are missing."""
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
    """A finished frame, and the sums up to it."""

    frame: Frame
    sums: Sums


def _steps(
    frames: Iterable[Frame], process: Process, work: Work, done: Sequence[Part], last: Picture8 | None = None
) -> Iterator[Step]:
    """Yield all steps after the finished parts; `last` is the result of their last frame."""
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
    """Yield frames, their prepared forms, and their results alone, read and computed in threads in advance."""

    def opened(group: list[Frame]) -> list[tuple[Frame, Picture8]]:
        return [(frame, process.opened(frame.pixels)) for frame in group]

    def made(group: list[tuple[Frame, Picture8]]) -> list[tuple[Frame, Picture8, Picture8]]:
        after = process.alone([before for _, before in group])
        return [(frame, before, alone) for (frame, before), alone in zip(group, after, strict=True)]

    for group in in_stages(opened, made, frames, process.together):
        yield from group
