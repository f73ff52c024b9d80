"""Stored values of chains, one line of JSON each, so that an interrupted measurement continues."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from viceversa.errors import UsageError, quoted
from viceversa.multiturn.measuring import ChainValues, Judges, TurnValues, measure_chain
from viceversa.multiturn.turns import Chain, Turns
from viceversa.pipeline import threaded
from viceversa.progress import watched

FORMAT = 1
"""Version of a line."""


def measure_turns(turns: Turns, judges: Judges, store: Path | None = None, *, quiet: bool = False) -> list[ChainValues]:
    """Measure all chains of an editor, in parallel on as many threads as torch may use.

    Args:
        turns: the chains.
        judges: networks that judge images.
        store: file to which the values of each chain are added at once. Chains that it contains already, with the same images and
            judges, are not measured again. None to store nothing.
        quiet: show no progress.

    Returns:
        The values in the order of the chains.

    Raises:
        UsageError: If the file cannot be written.
    """
    known = {} if store is None else _stored(store)
    chains, strangers = turns.chains, [*turns.chains[1:], *turns.chains[:1]]

    def work(chain: Chain, other: Chain) -> tuple[str, ChainValues]:
        stranger = None if other is chain else other.turns[0].image
        key = _key(chain, stranger, judges)
        return key, known[key] if key in known else measure_chain(chain, judges, stranger)

    found = []
    for key, values in watched(threaded(work, chains, strangers), f"measuring {turns.name}", total=len(chains), quiet=quiet):
        if store is not None and key not in known:
            _keep(store, key, values)
        found.append(values)
    return found


def _key(chain: Chain, stranger: Path | None, judges: Judges) -> str:
    """Return a digest of everything that the values depend on."""
    digest = hashlib.sha256(f"{FORMAT} {judges.name} {chain.id}".encode(errors="surrogateescape"))
    for number, turn in chain.turns.items():
        digest.update(f"\n{number} {turn.asked} {turn.success}".encode())
        for file in (turn.image, turn.mask, turn.truth, turn.again):
            digest.update(_content(file))
    digest.update(_content(stranger))
    return digest.hexdigest()


def _content(file: Path | None) -> bytes:
    """Return a digest of a file; a mark if it cannot be read."""
    try:
        return b"-" if file is None else hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return b"?"


def _keep(store: Path, key: str, values: ChainValues) -> None:
    line = json.dumps({"key": key, **asdict(values)}, allow_nan=False)
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with store.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}")  # a new line, in case an interrupt left the last one incomplete
    except OSError as error:
        raise UsageError(f"cannot write {quoted(str(store))} ({error.strerror}): choose another folder with `out`.") from None


def _stored(store: Path) -> dict[str, ChainValues]:
    """Return the values in a file by key, without incomplete lines."""
    try:
        lines = store.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        try:
            content = json.loads(line)
            turns = {int(number): TurnValues(**turn) for number, turn in content["turns"].items()}
            found[content["key"]] = ChainValues(content["id"], turns, content["to_stranger"], tuple(content["problems"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found
