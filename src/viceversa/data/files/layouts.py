"""Layouts of a folder of images: the names of its folders give the split and the domain of each image.

Four layouts are known: a folder for each domain; folders of splits with a folder for each domain; CycleGAN's trainA, trainB,
testA, testB; and images without domains, in folders of splits or not. Names of splits are recognized in any case and in several
spellings.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from viceversa.core.names import composed
from viceversa.data.files.checks import SPLIT_NAMES, SPLITS
from viceversa.data.files.listing import Listing, by_suffix
from viceversa.errors import UsageError, quoted

Arrangement = Literal["domains", "splits", "lettered", "undivided"]
Domains = Mapping[str, list[str]]
"""domain -> files."""

UNDIVIDED = "images"
"""Name of the only domain, if images are not in folders of domains."""
FOLDER_NAMES = {**SPLIT_NAMES, "training": "train", "trn": "train", "testing": "test", "tst": "test"}
"""Names of the folder of a split, in lower case. Tables accept fewer names."""
_LETTERED = re.compile(rf"({'|'.join(FOLDER_NAMES)})([ _-]?)([a-z])", re.IGNORECASE)


class Split(NamedTuple):
    """Split and domain of the images in a folder. split: "" if no folder names it."""

    split: str
    domain: str


@dataclass(frozen=True)
class Layout:
    """The images of a folder by split and domain.

    Args:
        kind: the layout.
        found: contents of the folder.
        homes: folder -> split and domain of its images.
        parts: split -> domain -> files, each with at least one file.
        ignored: images without a place.
    """

    kind: Arrangement
    found: Listing
    homes: Mapping[str, Split]
    parts: Mapping[str, Domains]
    ignored: tuple[str, ...]

    @property
    def domains(self) -> list[str]:
        """Domains with training images, sorted by name."""
        return list(self.parts.get("", self.parts.get("train", {})))

    def account(self) -> list[str]:
        """Return lines that say which folder is which split, and what is ignored."""
        empty = [] if self.kind == "undivided" else list(self.empty())
        skipped = [f"skipped, because they have no images: {', '.join(empty)}"] if empty else []
        return [*self._splits(), *skipped, *self._ignored(), *self.found.account()]

    def empty(self) -> Iterator[str]:
        """Yield each domain without images, and what it contains instead."""
        full = {domain for domains in self.parts.values() for domain in domains}
        for domain in dict.fromkeys(place.domain for place in self.homes.values() if place.domain not in full):
            inside = tuple(f"{home}/" for home, place in self.homes.items() if place.domain == domain)
            others = tuple(file for file in self.found.others if file.startswith(inside))
            yield f"{quoted(domain)} ({by_suffix(others)})" if others else quoted(domain)

    def _splits(self) -> list[str]:
        """Return a line about the folders of each split; none if there are no splits."""
        said = []
        for split in SPLITS:
            tops = dict.fromkeys(_top(home) for home, place in self.homes.items() if place.split == split)
            said += [f"{split} is {_listed(tops)}"] if tops else []
        return [f"splits: {'; '.join(said)}"] if said else []

    def _ignored(self) -> list[str]:
        """Return a line about the images outside the folders of domains, and one about each folder that is not used."""
        used = {_top(home) for home in self.homes}
        loose = [file for file in self.ignored if "/" not in file or _top(file) in used]
        counts = Counter(_top(file) for file in self.ignored if "/" in file and _top(file) not in used)
        lines = [f"ignored: {len(loose)} images beside the folders of domains, such as {quoted(loose[0])}"] if loose else []
        unused = [top for top in _tops(self.found) if top not in used and "" not in used]
        return [*lines, *(f"ignored: the folder {quoted(top)} with {counts[top]} images" for top in unused)]


def split_named(name: str) -> str:
    """Return the split that a folder of this name holds, such as `Train`, `TRAINING`, `val` or `Testing`; "" for none."""
    return FOLDER_NAMES.get(name.casefold(), "")


def layout_of(found: Listing, name: str) -> Layout:
    """Return the layout of a folder.

    Args:
        found: contents of the folder.
        name: name of the folder, for messages.

    Raises:
        UsageError: If the names of its folders are ambiguous.
    """
    if lettered := _lettered(_tops(found)):
        return _laid_out("lettered", found, lettered)
    if splits := _splits(found, name):
        inner = [folder for folder in found.folders if folder.count("/") == 1 and _top(folder) in splits]
        return _laid_out("splits", found, {each: Split(splits[_top(each)], composed(each.partition("/")[2])) for each in inner})
    return _laid_out("domains", found, {top: Split("", composed(top)) for top in _tops(found)})


def undivided(found: Listing) -> Layout:
    """Return all images as one domain: those in folders of splits if one is for training, otherwise all in the folder."""
    homes = {top: Split(split, UNDIVIDED) for top in _tops(found) if (split := split_named(top))}
    trained = any(place.split == "train" for place in homes.values())
    return _laid_out("undivided", found, homes if trained else {"": Split("", UNDIVIDED)})


def right_in(found: Listing, folder: str = "") -> bool:
    """Return whether an image lies directly in a folder below, or in the listed folder itself."""
    return any(file.rpartition("/")[0] == folder for file in found.images)


def right_in_train(found: Listing) -> bool:
    """Return whether an image lies directly in a training folder, not in a folder of a domain."""
    return any(right_in(found, top) for top in _tops(found) if split_named(top) == "train")


def _laid_out(kind: Arrangement, found: Listing, homes: Mapping[str, Split]) -> Layout:
    parts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    ignored = []
    for file in found.images:
        first, second = [*file.split("/")[:-1], "", ""][:2]
        place = homes.get(f"{first}/{second}") or homes.get(first) or homes.get("")
        if place:
            parts[place.split][place.domain].append(file)
        else:
            ignored.append(file)
    ordered = {split: dict(sorted(domains.items())) for split, domains in parts.items()}
    return Layout(kind, found, homes, ordered, tuple(ignored))


def _lettered(tops: Iterable[str]) -> dict[str, Split]:
    """Return the folders named like CycleGAN's. `TRAINS` alone does not count: its letter must be set apart, or there must be
    several."""
    named = {top: said for top in tops if (said := _LETTERED.fullmatch(top))}
    places = {top: Split(split_named(said[1]), said[3].upper()) for top, said in named.items()}
    stands_out = any(said[2] or (said[3].isupper() and not said[1].isupper()) for said in named.values())
    letters = {place.domain for place in places.values() if place.split == "train"}
    return places if stands_out or len(letters) > 1 else {}


def _splits(found: Listing, name: str) -> dict[str, str]:
    """Return the folders of splits; none if no name is one, or if the name is that of a domain. Raises UsageError if it is
    ambiguous."""
    held = {_top(file) for file in found.images if "/" in file}
    splits = {top: split for top in _tops(found) if (split := split_named(top))}
    others = sorted(held - splits.keys())
    full = [top for top in splits if top in held]
    if not full:
        return {}
    if "train" not in splits.values():
        raise UsageError(
            f"{quoted(name)} has {_listed(full)}, named like a split, but no folder 'train': put the training images into a folder "
            "'train'. If a named folder is a domain, rename it."
        )
    if not others or set(splits.values()) != {"train"}:
        return splits
    if not any(file.count("/") > 1 and _top(file) in full for file in found.images):
        return {}  # images directly in it, as in the other folders: among vehicles, `train` is a domain
    raise UsageError(
        f"{quoted(name)} has {_listed(full)} beside {_listed(others)}: if the first is a split, move the others out of the folder; "
        "if the first is a domain, rename it."
    )


def _tops(found: Listing) -> list[str]:
    return [folder for folder in found.folders if "/" not in folder]


def _top(path: str) -> str:
    return path.partition("/")[0]


def _listed(names: Iterable[str]) -> str:
    """Return the first five names in quotes, and the number of the others."""
    quotes = list(map(quoted, names))
    return ", ".join(quotes[:5]) + (f" and {len(quotes) - 5} more" if len(quotes) > 5 else "")
