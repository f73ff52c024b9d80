"""Check what `python -m build` makes of a tree: python .ci/distribution.py DIST TREE.

`build` makes the wheel from the sdist. The sdist must have exactly the files of the tree. The wheel must have exactly those of
`src/viceversa`, byte for byte, beside its metadata.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
FIELDS = ("Version", "Summary", "License-Expression", "Author", "Maintainer", "Requires-Python", "Classifier")


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by their paths in it, without what Python compiled."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def check_same(what: str, found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Exit with the paths of files that are missing, too many, or different."""
    wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if wrong:
        sys.exit(f"{what} differs from the tree: {', '.join(wrong[:10])}")


def check_wheel(wheel: Path, tree: Path) -> None:
    """Exit unless the wheel has the package, its license, and complete metadata."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    metadata = {name.partition("/")[2]: files.pop(name) for name in sorted(files) if name.split("/")[0].endswith(".dist-info")}
    package = {f"viceversa/{name}": content for name, content in contents(tree / "src" / "viceversa").items()}
    check_same(wheel.name, files, package)
    check_same("the license", {"LICENSE": metadata["licenses/LICENSE"]}, {"LICENSE": (tree / "LICENSE").read_bytes()})
    if metadata.keys() != METADATA:
        sys.exit(f"{wheel.name} has the metadata {sorted(metadata)}")
    told = message_from_bytes(metadata["METADATA"])
    if missing := [field for field in FIELDS if not told[field]]:
        sys.exit(f"the metadata of {wheel.name} has no {', '.join(missing)}")


def check_sdist(sdist: Path, tree: Path) -> None:
    """Exit unless the sdist has every file of the tree."""
    with tarfile.open(sdist) as archive:
        members = [member for member in archive if member.isfile()]
        files = {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]
    del files["PKG-INFO"]
    check_same(sdist.name, files, contents(tree))


if __name__ == "__main__":
    dist, tree = map(Path, sys.argv[1:])
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    check_wheel(wheel, tree)
    check_sdist(sdist, tree)
    print(f"{wheel.name} and {sdist.name} have what they should")
