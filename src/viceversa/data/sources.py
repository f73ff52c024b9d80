"""Open data sets by name, as on the command line, and write a data set as images and a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import permutations
from pathlib import Path, PurePosixPath

from viceversa.core.space import AnyAttribute, Space, Takes
from viceversa.data.cache.store import FolderFiles
from viceversa.data.dataset import Dataset, Images
from viceversa.data.divided_by_attribute import divided
from viceversa.data.files import huggingface
from viceversa.data.files.assembly import Wanted, from_table
from viceversa.data.files.celeba import ATTRIBUTES as OF_CELEBA
from viceversa.data.files.celeba import read_celeba
from viceversa.data.files.folders import open_folders
from viceversa.data.files.idx import has_idx, open_idx
from viceversa.data.files.listing import is_image, on_disk
from viceversa.data.files.pairs import as_sketches
from viceversa.data.files.rafd import has_rafd, read_rafd
from viceversa.data.files.sides import sides
from viceversa.data.files.sizes import DRAWN
from viceversa.data.files.svhn import has_svhn, open_svhn
from viceversa.data.files.tables import read_table
from viceversa.data.joined_labels import together
from viceversa.data.joined_spaces import joined, parts_of, sources, spec_of
from viceversa.data.selected_attributes import with_attributes
from viceversa.data.sets.avatars import ATTRIBUTES, avatars, avatars_glasses, avatars_glasses_pairs
from viceversa.data.sets.face_off import face_off
from viceversa.data.sets.handwritten import handwritten
from viceversa.data.sets.icons import WEIGHT, WEIGHTS, icons, icons_between, icons_pairs, icons_strokes
from viceversa.data.sets.outlines import avatars_outlines
from viceversa.data.sets.sketches import sketches, sketches_pairs
from viceversa.data.sets.street_digits import street_digits
from viceversa.data.sets.toons import MOOD, toons
from viceversa.errors import UsageError, unknown
from viceversa.files import vacant
from viceversa.images.decoding import encoded, suffix_for
from viceversa.images.fitting import Filter
from viceversa.progress import watched

CELEBA_CROP = 178
"""Side of the square that StarGAN and its successors cut out of CelebA's aligned images."""

_TAKES: Mapping[str, Takes] = {":spaces": "spaces", ":pairs": "pairs"}
_WAYS = (*_TAKES, ":sketches", ":stargan-split", ":extra")
_WEIGHTS = tuple(permutations(WEIGHTS, 2))
_DRAWN: Mapping[str, Callable[..., Dataset]] = {
    "avatars": avatars,
    "avatars:glasses": avatars_glasses,
    "avatars:glasses:pairs": avatars_glasses_pairs,
    "avatars:outlines": avatars_outlines,
    "avatars:face-off": face_off,
    "sketches": sketches,
    "sketches:pairs": sketches_pairs,
    "toons": toons,
    "icons": icons,
    "icons:strokes": icons_strokes,
    **{f"icons:{first},{second}": partial(icons_between, first, second) for first, second in _WEIGHTS},
    **{f"icons:{first},{second}:pairs": partial(icons_pairs, first, second) for first, second in _WEIGHTS},
}
"""Drawn data sets by name: functions of a size, with a default size of their own."""
_EMBEDDED: Mapping[str, Callable[..., Dataset]] = {
    **_DRAWN,
    "street-digits": lambda size=None: street_digits(),
    "handwritten": lambda size=None: handwritten(),
}
"""All built-in data sets. Digits have a fixed size."""
_NAMES = (*(name for name in _EMBEDDED if "," not in name), f"icons:A,B and icons:A,B:pairs for two of {' '.join(WEIGHTS)}")
"""Names for error messages."""
_LABELS: Mapping[str, tuple[AnyAttribute, ...]] = {"avatars": ATTRIBUTES, "toons": (MOOD,), "icons": (WEIGHT,)}
"""Attributes of built-in data sets, known without drawing thousands of images."""


def open_dataset(
    spec: str,
    size: int | None = None,
    *,
    crop: int | None = None,
    background: int = 0,
    filter: Filter = "bicubic",
    skip_bad: bool = False,
    takes: Takes = "labels",
    attributes: tuple[str, ...] = (),
    images: str | Path | None = None,
    among_others: bool = False,
) -> Dataset:
    """Open a data set: built-in, a folder, a table, or hf:NAME[:split] of Hugging Face.

    A suffix of a path selects how it is opened. `:spaces` and `:pairs` are for methods of these kinds of data. `:sketches` reads
    pairs of a gray and a colored drawing. `:stargan-split` selects StarGAN's splits of CelebA, and `:extra` adds SVHN's extra
    images. `:ATTRIBUTE`, `:ATTRIBUTE=VALUE` or `:ATTRIBUTE=VALUE,VALUE` divides labeled data into two spaces
    (divided_by_attribute.py). NAME=SPEC,NAME=SPEC joins several data sets: two spaces with these names, or labeled sets in one
    space.

    Args:
        spec: name, path or hf:NAME, as above.
        size: height and width of the images in pixels; by default chosen from your images (sizes.chosen_size), with the same size
            for several sources. Images of MNIST and SVHN keep their size.
        crop, background, filter, skip_bad, takes, attributes: see assembly.Wanted.
        images: folder of a table's images, if it is not the table's own; links in it may lead anywhere.
        among_others: whether this is one of several data sets; then it may be a folder of images without domains.

    Raises:
        UsageError: For anything that is not a data set.
    """
    if images is not None and not _joins(spec):
        _check_images(spec, Path(images))
    whole, by = _division(spec)
    if by and attributes:
        raise UsageError(f"{spec!r} names its attribute already: leave out `attributes` (you gave {' '.join(attributes)}).")
    if by and takes == "pairs":
        raise _none_of_pairs(spec)
    if whole in _EMBEDDED:
        if by and whole in _LABELS:
            sides(_LABELS[whole], by, whole)
        drawn = _EMBEDDED[whole]() if size is None else _EMBEDDED[whole](size)
        return _in_memory(drawn, takes, attributes, by)
    one = partial(open_dataset, size=size, crop=crop, background=background, filter=filter, skip_bad=skip_bad, images=images)
    if _joins(spec):
        opened = _at_one_size(spec, partial(one, among_others=True), size)
        return _fit(with_attributes(joined(opened), attributes), takes) if takes != "labels" else together(opened, attributes)
    path, way = _parsed(whole)
    if way == ":sketches":
        return as_sketches(one(spec.removesuffix(way), takes="pairs", attributes=attributes))
    takes, folder = "spaces" if by else _TAKES.get(way, takes), None if images is None else Path(images)
    told = (by.partition("=")[0],) if by else attributes
    wanted = Wanted(size, crop, background, filter, skip_bad, takes, told, images=folder, one=among_others, divided=by)
    if whole.startswith(huggingface.PREFIX):
        spaces = takes != "labels" and not by
        name, files, table = huggingface.read_hugging_face(whole.removesuffix(way), told, spaces=spaces)
        return from_table(name, files, table, wanted)
    if not path.exists():
        raise UsageError(f"{unknown('data set', spec, _NAMES)} There is also no folder or table at that path.")
    return _of_table(path.stem, path, wanted) if path.is_file() else _in_folder(path, way, wanted)


def is_built_in(spec: str) -> bool:
    """Return whether a name is that of a data set that the package draws."""
    return _division(spec)[0] in _EMBEDDED


def _table_at(path: Path) -> Path | None:
    """Return the attribute table of a path: a file, or a folder's table.csv or table.parquet; None for any other folder."""
    if path.is_file():
        return path
    return next((found for name in ("table.csv", "table.parquet") if (found := path / name).exists()), None)


def _of_table(name: str, path: Path, wanted: Wanted) -> Dataset:
    """Return the data set of a table, whose images are in its own folder or in another one."""
    table = read_table(path, wanted.images, only=wanted.attributes, skip_bad=wanted.skip_bad)
    return from_table(name, FolderFiles(wanted.images or path.parent, table.spellings), table, wanted)


def _check_images(spec: str, images: Path) -> None:
    """Raise UsageError if the folder of images is not a folder, or the data set is not a table."""
    if not images.is_dir():
        raise UsageError(f"{str(images)!r} is not a folder: give the folder that holds the images of the table.")
    spec, _ = _division(spec)
    path, _ = _parsed(spec)
    if spec in _EMBEDDED or spec.startswith(huggingface.PREFIX) or (path.exists() and _table_at(path) is None):
        only = f"`images` ({str(images)!r}) is only for an attribute table, and {spec!r} is not one"
        raise UsageError(f"{only}: leave out `images`.")


def _at_one_size(spec: str, one: Callable[..., Dataset], size: int | None) -> dict[str, Dataset]:
    """Open each source at the given size. Without one, use the size of drawn sources, otherwise the smallest size chosen."""
    if size is None and not _DRAWN.keys().isdisjoint(parts_of(spec).values()):
        size = DRAWN
    opened = sources(spec, partial(one, size=size))
    least = min((dataset.size for dataset in opened.values() if dataset.size), default=None)
    if all(dataset.size in (None, least) for dataset in opened.values()):
        return opened
    return sources(spec, partial(one, size=least))


def _in_folder(path: Path, way: str, wanted: Wanted) -> Dataset:
    """Return the data set in a folder, of the kind that its files show."""
    attributes = wanted.attributes
    if has_idx(path):
        return _in_memory(open_idx(path), wanted.takes, attributes, wanted.divided)
    if has_svhn(path):
        return _in_memory(open_svhn(path, extra=way == ":extra"), wanted.takes, attributes, wanted.divided)
    if way == ":extra":
        raise UsageError(f"{way!r} is only for the SVHN folder, and {str(path)!r} is not one: it has no train_32x32.mat.")
    if (path / "list_attr_celeba.txt").exists():
        split = way == ":stargan-split"
        faces = read_celeba(path, attributes or OF_CELEBA, stargan_split=split, skip_bad=wanted.skip_bad)
        return from_table("celeba", FolderFiles(path), faces, replace(wanted, crop=wanted.crop or CELEBA_CROP))
    if way == ":stargan-split":
        raise UsageError(f"{way!r} is only for the CelebA folder, and {str(path)!r} is not one: it has no list_attr_celeba.txt.")
    if (table := _table_at(path)) is not None:
        return _of_table(path.name, table, wanted)
    if has_rafd(path):
        return from_table("rafd", FolderFiles(path), read_rafd(path, attributes), wanted)
    return open_folders(path, wanted)


def _in_memory(dataset: Dataset, takes: Takes, attributes: tuple[str, ...], by: str) -> Dataset:
    """Return the data set with some of its attributes, or divided into two spaces by one of them."""
    return divided(dataset, by) if by else _fit(with_attributes(dataset, attributes), takes)


def _fit(dataset: Dataset, takes: Takes) -> Dataset:
    """Return the data set. Raises UsageError if pairs are needed and it has none."""
    if takes == "pairs" and any(
        len(spaces) != 2 or len({images.ids for images in spaces.values()}) > 1 for spaces in dataset.splits.values()
    ):
        raise _none_of_pairs(dataset.name)
    return dataset


def _none_of_pairs(name: str) -> UsageError:
    others = "avatars:outlines, sketches:pairs and icons:light,fill:pairs have pairs"
    return UsageError(f"this method needs pairs of images, but {name} has no pairs; {others}.")


def absolute(spec: str) -> str:
    """Return the spec with its path made absolute, so that it names the same data from any folder. "" (no data) stays ""."""
    if not spec:
        return spec
    if _joins(spec):
        return spec_of({name: absolute(below) for name, below in parts_of(spec).items()})
    whole, by = _division(spec)
    if by:
        return f"{absolute(whole)}:{by}"
    path, way = _parsed(spec)
    if spec.startswith(huggingface.PREFIX):
        return huggingface.absolute_hub(spec.removesuffix(way)) + way
    return spec if spec in _EMBEDDED or not path.exists() else f"{path.resolve()}{way}"


def is_everywhere(spec: str) -> bool:
    """Return whether a spec names the same data on every machine: a set that the package draws, or a data set of the hub."""
    if _joins(spec):
        return all(map(is_everywhere, parts_of(spec).values()))
    return is_built_in(spec) or (spec.startswith(huggingface.PREFIX) and not huggingface.is_folder(spec))


def located_folder(images: str | None) -> str | None:
    """Return the absolute path of the folder of images, if there is one."""
    return None if images is None else str(Path(images).resolve())


def _joins(spec: str) -> bool:
    """Return whether a spec names several sources with names. An existing path is always a path, whatever its name contains."""
    return not Path(spec).exists() and not _division(spec)[1] and bool(parts_of(spec))


def _division(spec: str) -> tuple[str, str]:
    """Return labeled data and the attribute after its colon that divides it into two spaces; "" if there is none.

    Examples: `people.csv:glasses`, `people.csv:hair=blond`, `people.csv:hair=black,blond`. For Hugging Face, a value is required,
    because splits also follow a colon.
    """
    whole, _, by = spec.rpartition(":")
    if not whole or not by or spec in _EMBEDDED or f":{by}" in _WAYS or Path(spec).exists():
        return spec, ""
    path, way = _parsed(whole)
    if whole.startswith(huggingface.PREFIX):
        return (whole, by) if "=" in by else (spec, "")
    return (
        (whole, by)
        if (whole in _EMBEDDED and ":" not in whole and ("," not in by or "=" in by))
        or (path.exists() and way in ("", ":stargan-split"))
        else (spec, "")
    )


def _parsed(spec: str) -> tuple[Path, str]:
    """Return a path, and the suffix that says how its data is opened; "" for the usual way."""
    way = next((way for way in _WAYS if spec.endswith(way)), "")
    return on_disk(Path(spec.removesuffix(way))), way


def write_dataset(dataset: Dataset, directory: Path) -> None:
    """Write images/{split}/{space}/{id}.png (.tif where PNG cannot hold them) and table.csv with file, split, space, and each
    attribute in words.

    The table is written last, so that it exists only if all images do. Progress is shown on standard error. Raises UsageError if
    `directory` is a file or a folder that is not empty.
    """
    if not vacant(directory):
        raise UsageError(f"{str(directory)!r} is not an empty folder: name a new or an empty one.")
    parts = [(split, space, images) for split, spaces in dataset.splits.items() for space, images in spaces.items()]
    for split, space, images in parts:
        for name, pixels in watched(
            zip(_names(split, space, images), images.pixels, strict=True), f"{split} {space}", total=len(images)
        ):
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(pixels, path))
    with (directory / "table.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "split", "space", *(attribute.name for attribute in dataset.space.attributes)])
        for split, space, images in parts:
            table.writerows(_rows(dataset.space, split, space, images))


def _rows(space: Space, split: str, name: str, images: Images) -> Iterator[list[str]]:
    """Yield the table's rows for one split and space, without the header."""
    words: list[list[str]] = []
    if images.labels is not None:
        words = [attribute.describe(columns) for attribute, columns in space.columns(images.labels)]
    for index, file in enumerate(_names(split, name, images)):
        yield [file, split, name, *(column[index] for column in words)]


def _names(split: str, space: str, images: Images) -> list[str]:
    """Return the file names for the images of one split and space. Ids that are file names lose their suffixes, if they stay
    unique."""
    stems = [str(PurePosixPath(name).with_suffix("")) if is_image(name) else name for name in images.ids]
    names = stems if len(set(stems)) == len(stems) else images.ids
    return [f"images/{split}/{space}/{name}{suffix_for(images.pixels[0])}" for name in names]
