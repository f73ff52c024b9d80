"""Folders of images: one folder per domain; CycleGAN's trainA, trainB, testA, testB; and pix2pix's, where each file holds a
pair."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.cells import cell_len, set_cell_size

from viceversa.core.attributes import OneOf
from viceversa.core.space import Takes
from viceversa.data.cache.store import FolderFiles
from viceversa.data.dataset import Dataset
from viceversa.data.files.assembly import SplitFiles, Wanted, assembled, check_sizes
from viceversa.data.files.checks import SPLITS
from viceversa.data.files.layouts import UNDIVIDED, Domains, Layout, layout_of, right_in, right_in_train, split_named, undivided
from viceversa.data.files.listing import Listing, listing
from viceversa.data.files.pairs import aligned
from viceversa.errors import UsageError, printable, quoted
from viceversa.files import in_utf8


def open_folders(folder: Path, wanted: Wanted) -> Dataset:
    """Open a folder that contains a folder for each domain, with images at any depth; or train, val and test with such folders.

    If a domain has no images for validation or test, a tenth of its training images is used, by the hash of their names. For
    methods with labels, all domains are one space with the attribute `domain`, one of several. For methods between spaces, and
    always for trainA and trainB, each domain is a space. For methods of pairs, files may instead hold two images side by side, A
    and B, in the folder or in train, val and test. One of several spaces may be a folder of images without domains; if it has only
    one or two images, as for a style, every split has all of them. The summary lists the number of images by domain and split, and
    what is ignored. Raises UsageError for other folders.
    """
    if wanted.divided:
        raise UsageError(
            f"{str(folder)!r} has no attribute table with {quoted(wanted.divided)}, and domains in folders are spaces already: "
            f"leave out {quoted(f':{wanted.divided}')}."
        )
    found = listing(folder, followed=_may_be_domain)
    for image in found.images:
        in_utf8(image, "the image")
    layout = layout_of(found, str(folder))
    if wanted.takes == "pairs" and _side_by_side(found, layout):
        layout, wanted = undivided(found), replace(wanted, halves=True)
    elif wanted.one and layout.kind == "domains" and len(layout.domains) < 2 and found.images:
        layout = undivided(found)
    else:
        _check(folder, layout, wanted)
    given = {split: _halves(domains) if wanted.halves else domains for split, domains in layout.parts.items()}
    if layout.kind == "undivided" and wanted.one and len(found.images) < len(SPLITS):
        given = dict.fromkeys(SPLITS, given[""])
    parts, said = completed(given, wanted.takes, lettered=layout.kind == "lettered")
    check_sizes(folder.name, parts)
    dataset = _assembled(folder, parts, wanted, labels=layout.kind in ("domains", "splits") or len(layout.domains) > 2)
    lines = [_table(folder.name, parts, dataset), *said, *layout.account(), dataset.summary]
    return replace(dataset, summary="\n".join(filter(None, lines)))


def _may_be_domain(path: str) -> bool:
    """Return whether a link to a folder is followed: only if it may be the folder of a domain or of a split."""
    top, _, below = path.partition("/")
    return not below or ("/" not in below and bool(split_named(top)))


def _side_by_side(found: Listing, layout: Layout) -> bool:
    """Return whether the files are pix2pix's, with two images each, and not in folders of domains."""
    if layout.kind == "domains":
        return not layout.parts and right_in(found)
    return layout.kind == "splits" and right_in_train(found)


def _halves(domains: Domains) -> Domains:
    return {"A": domains[UNDIVIDED], "B": domains[UNDIVIDED]}


def _check(folder: Path, layout: Layout, wanted: Wanted) -> None:
    """Raise UsageError for attributes that folders do not have, and for a folder without two domains to train on."""
    if wanted.attributes not in ((), ("domain",)):
        gave = f"you gave {' '.join(wanted.attributes)}"
        raise UsageError(f"folders have only one attribute, domain: leave out `attributes` ({gave}).")
    if len(layout.domains) < 2 and wanted.takes != "pairs":
        raise UsageError(
            f"{str(folder)!r} is not a data set: it must hold one folder of images for each domain, at least two{_instead(layout)}."
        )
    for split, domains in layout.parts.items():
        if strange := [domain for domain in domains if domain not in layout.domains]:
            known = f"the training domains are {', '.join(map(quoted, layout.domains))}"
            raise UsageError(
                f"{str(folder)!r} has {split} images of {quoted(strange[0])}, but no training images of it; {known}: give both "
                "folders the same name, or remove one."
            )


def _instead(layout: Layout) -> str:
    """Return what there is instead of domains, as the end of a message."""
    has = [f"images of only {quoted(domain)}" for domain in layout.domains]
    has += [f"no images in {domain}" for domain in layout.empty()]
    if layout.ignored:
        has.append(f"{len(layout.ignored)} images outside the folders of domains, such as {quoted(layout.ignored[0])}")
    return f", and has {', '.join(has[:5])}" if has else layout.found.reason()


def completed(given: Mapping[str, Domains], takes: Takes, *, lettered: bool = False) -> tuple[SplitFiles, list[str]]:
    """Return the images of all three splits, and lines about splits that had none.

    Args:
        given: split -> domain -> files; the only split is "" if no folder names one. A domain without images in a split gives a
            tenth of its training images.
        takes: data that the method takes.
        lettered: use the test images for validation, too, if it has none, as in CycleGAN's data.
    """
    if "" in given:
        return _by_split(_shares(given[""], takes)), []
    parts = {split: dict(given.get(split, {})) for split in SPLITS}
    said = []
    if lettered and not parts["validation"] and parts["test"]:
        parts["validation"] = dict(parts["test"])
        said.append("no validation images: the test images serve for validation too")
    for split in ("validation", "test"):
        missing = [domain for domain in parts["train"] if domain not in parts[split]]
        if not missing or (takes == "pairs" and parts[split]):
            continue
        for domain, share in _shares({domain: parts["train"][domain] for domain in missing}, takes).items():
            parts[split][domain] = share["test"]
            parts["train"][domain] = [*share["validation"], *share["train"]]
        of = "" if len(missing) == len(parts["train"]) else f" of {', '.join(map(quoted, missing))}"
        said.append(f"no {split} images{of}: a tenth of the training images serves, and is not trained on")
    return {split: {domain: parts[split].get(domain, []) for domain in parts["train"]} for split in SPLITS}, said


def _shares(found: Domains, takes: Takes) -> dict[str, dict[str, list[str]]]:
    """Return the files of each domain in splits. Both images of a pair are in the same split, by their name."""
    if takes != "pairs":
        return {domain: shared_out(files) for domain, files in found.items()}
    called = {domain: {name: file for file, name in names.items()} for domain, names in aligned(found).items()}
    shares = shared_out(list(next(iter(called.values()))))
    return {domain: {split: [files[name] for name in names] for split, names in shares.items()} for domain, files in called.items()}


def _by_split(shares: Mapping[str, Mapping[str, Sequence[str]]]) -> SplitFiles:
    return {split: {domain: share[split] for domain, share in shares.items()} for split in SPLITS}


def shared_out(files: Sequence[str]) -> dict[str, list[str]]:
    """Return files split 80/10/10 in the order of the hashes of their names. With three files or more, each split has at least
    one."""
    tenth = max(round(len(files) / 10), 1)
    ordered = sorted(files, key=lambda file: hashlib.sha256(file.encode()).digest())
    shares = {"test": ordered[:tenth], "validation": ordered[tenth : 2 * tenth], "train": ordered[2 * tenth :]}
    return {split: sorted(share) for split, share in shares.items()}


def _assembled(folder: Path, parts: SplitFiles, wanted: Wanted, *, labels: bool) -> Dataset:
    """Return the data set. For methods with labels it is one space with the attribute `domain`, if domains can be labels."""
    domains = tuple(parts["train"])
    if wanted.takes != "labels" or not labels or len(domains) < 2:
        return assembled(folder.name, FolderFiles(folder), parts, (), {}, wanted)
    together = {split: {"images": [file for files in spaces.values() for file in files]} for split, spaces in parts.items()}
    rows = dict(zip(domains, torch.eye(len(domains)).tolist(), strict=True))
    told = {file: rows[domain] for spaces in parts.values() for domain, files in spaces.items() for file in files}
    return assembled(folder.name, FolderFiles(folder), together, (OneOf("domain", domains),), told, wanted)


def _table(name: str, parts: SplitFiles, dataset: Dataset) -> str:
    """Return the number of images, in total and by domain and split, without unreadable ones."""
    kept = {split: {file for images in spaces.values() for file in images.ids} for split, spaces in dataset.splits.items()}

    def of(split: str, domain: str) -> set[str]:
        own = dataset.splits[split].get(domain)
        return set(own.ids) if own and own.labels is None else kept[split].intersection(parts[split][domain])

    domains = {domain: [of(split, domain) for split in SPLITS] for domain in parts["train"]}
    rows = [("domain", *SPLITS), *((domain, *(str(len(files)) for files in splits)) for domain, splits in domains.items())]
    width = min(max(cell_len(printable(first)) for first, *_ in rows), 28)
    lines = [set_cell_size(printable(first), width) + "".join(f"{cell:>12}" for cell in cells) for first, *cells in rows]
    return "\n".join([f"{printable(name)}: {sum(len(set.union(*splits)) for splits in domains.values())} images", *lines])
