"""The study of a search: its trials in a file of the search's folder, or in a database that several machines share.

    DIR/study.sqlite   all trials, where no database is named
    DIR/trials/0003    the run of a trial, while it is trained; afterwards of the best one and of the recipe as it is
    DIR/trials/.0003   a lock, which dies with the process that works on the trial

Processes of the same search share the work. A trial whose process died goes on from its last checkpoint in whichever
process of its folder looks for work next.
"""

from __future__ import annotations

import logging
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from viceversa.core.draws import seeded
from viceversa.errors import UsageError, quoted
from viceversa.files import in_utf8, remove
from viceversa.runs.record import dotted

if TYPE_CHECKING:
    from optuna.samplers import TPESampler
    from optuna.storages import RDBStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

FILE, TRIALS = "study.sqlite", "trials"
_PATIENCE = 60
"""Seconds for which a process waits while another one writes."""


@dataclass(frozen=True, eq=False)
class Studio:
    """A study and the folder that its trials are trained in. shared: whether other folders take part in it."""

    study: Study
    folder: Path
    shared: bool
    seed: int
    _locks: dict[int, FileLock] = field(default_factory=dict, init=False)

    def run_of(self, number: int) -> Path:
        """Where a trial is trained."""
        return self.folder / TRIALS / f"{number:04d}"

    def next_trial(self, trials: int) -> Trial | None:
        """A trial that was broken off, or a new one; None where there are `trials` of them. It is this process's then."""
        with FileLock(self.folder / ".lock"):
            self.study.sampler = _sampler(0)
            trial = self._broken_off() or self._new(trials)
        if trial is not None:  # its draws depend on the trials before it, not on who made them
            self.study.sampler = _sampler(seeded(self.seed, "tuning", trial.number).initial_seed() % 2**32)
        return trial

    def _broken_off(self) -> Trial | None:
        from optuna.trial import Trial, TrialState

        for each in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            mine = not self.shared or self._lock_of(each.number).exists()
            if mine and self._taken(each.number):
                return Trial(self.study, each._trial_id)
        return None

    def _new(self, trials: int) -> Trial | None:
        """Asks for a trial and puts it back if processes of other folders, which share no lock, were faster."""
        from optuna.trial import TrialState

        if len(self._begun()) >= trials:
            return None
        trial = self.study.ask()
        if sum(number <= trial.number for number in self._begun()) > trials:
            self.study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
            return None
        self._taken(trial.number)
        return trial

    def _begun(self) -> list[int]:
        from optuna.trial import TrialState

        return [each.number for each in self.study.get_trials(deepcopy=False) if each.state != TrialState.WAITING]

    def finish(self, trial: Trial, value: float | None, state: Any) -> None:
        """Writes how a trial ended, and removes runs that are no longer needed."""
        self.study.tell(trial, value, state=state)
        with FileLock(self.folder / ".lock"):
            self._locks.pop(trial.number).release()
            self._lock_of(trial.number).unlink(missing_ok=True)
            best = self.best
            for each in self.study.get_trials(deepcopy=False):
                if each.state.is_finished() and each.number != (best and best.number) and not is_own(each):
                    remove(self.run_of(each.number))

    @property
    def best(self) -> FrozenTrial | None:
        """The trial with the best objective; None where none was trained to its end."""
        with suppress(ValueError):
            return self.study.best_trial
        return None

    def _lock_of(self, number: int) -> Path:
        return self.folder / TRIALS / f".{number:04d}"

    def _taken(self, number: int) -> bool:
        """Locks a trial, if no living process has it."""
        (self.folder / TRIALS).mkdir(exist_ok=True)
        lock = FileLock(self._lock_of(number), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            return False
        self._locks[number] = lock
        return True


def _sampler(seed: int) -> TPESampler:
    """Draws each setting by itself, when it is asked for; what other processes are at counts as bad."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, multivariate=False, constant_liar=True)


def is_own(trial: FrozenTrial) -> bool:
    """Whether it is the recipe as it is."""
    return bool(trial.user_attrs.get("own"))


@contextmanager
def study_opened(
    folder: Path, storage: str | None, *, search: Mapping[str, Any], own: Mapping[str, Any], better: str, seed: int
) -> Iterator[Studio]:
    """The study of a search, begun or gone on with; its first trial is the recipe as it is, which `own` says.

    search: what all its trials have in common, as JSON has it. Raises UsageError for a folder with something else or another
    search in it, and for a storage that cannot be used.
    """
    optuna = _optuna()
    from optuna.exceptions import StorageInternalError

    in_utf8(folder, "the search")
    if folder.is_file() or not (_vacant(folder) or (folder / FILE).exists() or (folder / TRIALS).exists()):
        raise UsageError(f"{quoted(str(folder))} is in use and holds no search: choose another folder with `out`.")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        database = _database(folder, storage)
        name = folder.resolve().name if storage else "tuning"
        pruner = optuna.pruners.MedianPruner(n_startup_trials=5)
        study = optuna.create_study(storage=database, study_name=name, load_if_exists=True, direction=better, pruner=pruner)
        if "search" not in study.user_attrs:
            study.enqueue_trial(dict(own), user_attrs={"own": True}, skip_if_exists=False)
            study.set_user_attr("search", dict(search))
        _same(folder, study.user_attrs["search"], search)
    try:
        yield Studio(study, folder, storage is not None, seed)
    except StorageInternalError as error:
        raise UsageError(f"the storage of the search cannot be used: {error}.") from error


def _vacant(folder: Path) -> bool:
    """Hidden files count for nothing: a search that could not begin leaves its lock."""
    return not folder.exists() or all(path.name.startswith(".") for path in folder.iterdir())


def _optuna() -> Any:
    """The package, without its log and its notes on what is experimental. Raises UsageError where it is not installed."""
    try:
        import optuna
    except ImportError as error:
        raise UsageError("tuning needs Optuna: pip install 'viceversa[tune]'.") from error
    optuna.logging.set_verbosity(logging.ERROR)
    warnings.filterwarnings("ignore", module="optuna")
    return optuna


def _database(folder: Path, storage: str | None) -> RDBStorage:
    """Raises UsageError for one that cannot be opened; what is said does not repeat the URL, which may have a password."""
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import SQLAlchemyError

    path = folder / FILE
    if storage is None:  # by the path itself: in a URL some characters mean something
        connected = {"creator": lambda: sqlite3.connect(path, timeout=_PATIENCE)}
        what = quoted(str(path))
    else:
        connected, what = {}, "the database of `storage`"
    try:
        return RDBStorage(storage or "sqlite://", engine_kwargs=connected)
    except (SQLAlchemyError, ImportError, RuntimeError, sqlite3.Error) as error:
        reason = str(error).splitlines()[0].removesuffix(".")
        raise UsageError(f"cannot open {what}: {reason}.") from error


def _same(folder: Path, stored: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Refuses to mix trials that cannot be compared."""
    one, other = dict(dotted(stored)), dict(dotted(asked))
    for name in one | other:
        moved = name in ("recipe.data", "recipe.images")  # the same data in another place has the same name
        if one.get(name) != other.get(name) and not moved:
            begun = f"{quoted(str(folder))} holds a search begun with {name} = {one.get(name)!r}, not {other.get(name)!r}"
            raise UsageError(f"{begun}: give the same, or choose another folder with `out`.")
