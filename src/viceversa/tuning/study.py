"""The study of a search: its trials in a file in the search's folder, or in a database that several machines share.

    DIR/study.sqlite   all trials, if no database is named
    DIR/trials/0003    run of a trial during its training; later only that of the best trial and of the unchanged recipe
    DIR/trials/.0003   lock, released when the process that works on the trial ends

Processes of the same search share the work. If a process dies, its trial is continued from the last checkpoint by the next process
in the same folder that looks for work.
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
    """A study, and the folder in which its trials are trained.

    Args:
        study: the study.
        folder: the folder.
        shared: whether other folders take part.
        seed: seed of the draws.
    """

    study: Study
    folder: Path
    shared: bool
    seed: int
    _locks: dict[int, FileLock] = field(default_factory=dict, init=False)

    def run_of(self, number: int) -> Path:
        """Return the folder of a trial's run."""
        return self.folder / TRIALS / f"{number:04d}"

    def next_trial(self, trials: int) -> Trial | None:
        """Return an interrupted trial, or a new one, for this process; None if there are `trials` already."""
        with FileLock(self.folder / ".lock"):
            self.study.sampler = _sampler(0)
            trial = self._broken_off() or self._new(trials)
        if trial is not None:  # draws depend on earlier trials, not on the processes that made them
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
        """Request a trial, and put it back if processes of other folders, which share no lock, were faster."""
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
        """Store how a trial ended, and remove runs that are no longer needed.

        Args:
            trial: the trial.
            value: its objective, if it has one.
            state: its final state.
        """
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
        """The trial with the best objective; None if none was trained to its end."""
        with suppress(ValueError):
            return self.study.best_trial
        return None

    def _lock_of(self, number: int) -> Path:
        return self.folder / TRIALS / f".{number:04d}"

    def _taken(self, number: int) -> bool:
        """Lock a trial; return whether no other living process has it."""
        (self.folder / TRIALS).mkdir(exist_ok=True)
        lock = FileLock(self._lock_of(number), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            return False
        self._locks[number] = lock
        return True


def _sampler(seed: int) -> TPESampler:
    """Return a sampler that draws each setting separately, on demand. Trials in progress count as bad."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, multivariate=False, constant_liar=True)


def is_own(trial: FrozenTrial) -> bool:
    """Return whether a trial is the unchanged recipe."""
    return bool(trial.user_attrs.get("own"))


@contextmanager
def study_opened(
    folder: Path, storage: str | None, *, search: Mapping[str, Any], own: Mapping[str, Any], better: str, seed: int
) -> Iterator[Studio]:
    """Open or begin the study of a search as a context. Its first trial is the unchanged recipe.

    Args:
        folder: folder of the search.
        storage: URL of a database, or None.
        search: what all trials have in common, for JSON.
        own: values of the unchanged recipe.
        better: direction of the objective.
        seed: seed of the draws.

    Raises:
        UsageError: For a folder with something else or another search in it, and for a storage that cannot be used.
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
    """Return whether a folder is empty or missing. Hidden files do not count, because a search that could not begin leaves its
    lock."""
    return not folder.exists() or all(path.name.startswith(".") for path in folder.iterdir())


def _optuna() -> Any:
    """Import Optuna, without its log and its notes about experimental features. Raises UsageError if it is missing."""
    try:
        import optuna
    except ImportError as error:
        raise UsageError("tuning needs Optuna: pip install 'viceversa[tune]'.") from error
    optuna.logging.set_verbosity(logging.ERROR)
    warnings.filterwarnings("ignore", module="optuna")
    return optuna


def _database(folder: Path, storage: str | None) -> RDBStorage:
    """Open the storage. Raises UsageError without the URL, which may contain a password."""
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import SQLAlchemyError

    path = folder / FILE
    if storage is None:  # by the path, because some characters are special in a URL
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
    """Raise UsageError for trials that cannot be compared."""
    one, other = dict(dotted(stored)), dict(dotted(asked))
    for name in one | other:
        moved = name in ("recipe.data", "recipe.images")  # moved data keeps its name
        if one.get(name) != other.get(name) and not moved:
            begun = f"{quoted(str(folder))} holds a search begun with {name} = {one.get(name)!r}, not {other.get(name)!r}"
            raise UsageError(f"{begun}: give the same, or choose another folder with `out`.")
