"""What a release says of itself, in several files that must agree, and pages that lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import viceversa

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
CITATION: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text())
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())


def test_the_version_is_the_same_everywhere() -> None:
    """The package has it in one place. The changelog has no version before the first release, and then the last one first."""
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "src/viceversa/__init__.py"
    assert CITATION["version"] == viceversa.__version__
    first, *released = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert first == "[Unreleased]"
    date = CITATION.get("date-released")
    assert released[:1] == ([f"[{viceversa.__version__}] - {date}"] if date else [])


def test_authors_license_and_summary() -> None:
    project = PROJECT["project"]
    names = [author["name"] for author in CITATION["authors"]]
    assert [author["name"] for author in project["authors"]] == names == [each["name"] for each in project["maintainers"]]
    assert project["license"] == CITATION["license"] == "Apache-2.0"
    assert not any(each.startswith("License ::") for each in project["classifiers"]), "the field license says it"
    assert (ROOT / "src" / "viceversa" / "py.typed").exists() and "Typing :: Typed" in project["classifiers"]


def test_the_workflow_tries_every_python_and_system_of_the_metadata() -> None:
    project, job = PROJECT["project"], WORKFLOW["jobs"]["checks"]
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r":: 3\.\d+$", each)]
    matrix = job["strategy"]["matrix"]
    assert matrix["python"] == named == sorted(named, key=lambda each: int(each.partition(".")[2]))
    assert project["requires-python"] == f">={named[0]}"
    systems = {"Operating System :: POSIX :: Linux": "ubuntu-latest", "Operating System :: MacOS": "macos-latest"}
    assert {systems[each] for each in project["classifiers"] if each.startswith("Operating")} == set(matrix["system"])
    script = [step["run"] for step in job["steps"] if "run" in step]
    assert script == ["bash .ci/run"] and (ROOT / ".ci" / "run").is_file()
    assert "${PYTHON:-python3}" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", ["SECURITY.md", "CONTRIBUTING.md", "docs/container.md", "docs/releasing.md"])
def test_what_a_page_points_to_is_there(page: str) -> None:
    text, home = (ROOT / page).read_text(), (ROOT / page).parent
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http")}
    assert not [link for link in links if not (home / link).exists()]
    files = {name for name in re.findall(r"`([\w./-]+)`", text) if re.match(r"(tests|src|docs|\.ci|\.github)/", name)}
    assert not [name for name in files if not (ROOT / name).exists()]
