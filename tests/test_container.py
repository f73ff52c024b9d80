"""Dockerfile, compose.yaml and their page name only what there is: commands, options, extras, versions, arguments and ports."""

from __future__ import annotations

import http.server
import json
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from viceversa.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "container.md").read_text()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
LINES = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines()
STEPS = [tuple(line.split(" ", 1)) for line in LINES if line and not line.startswith("#")]
"""Instructions of the Dockerfile with what follows them."""
ARGUMENTS = dict(rest.split("=", 1) for name, rest in STEPS if name == "ARG")
PORT = "8000"


def step(name: str) -> str:
    """The last instruction of that name, which is the one that holds."""
    return [rest for each, rest in STEPS if each == name][-1]


def lines_of_the_page(program: str) -> list[list[str]]:
    """Lines that start with a program, as words, in the blocks of the page."""
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(re.sub(r"^\w+=\S+ ", "", line)))[:2] == program.split()]


def values(option: str, words: list[str]) -> list[str]:
    """What stands behind an option, each time that it is given."""
    return [after for word, after in pairwise(words) if word == option]


def arguments_of_containers() -> list[list[str]]:
    """What `viceversa` gets: by default, from compose, and on the page behind the name of the image."""
    found = [json.loads(step("CMD")), *(service["command"] for service in COMPOSE.values() if "command" in service)]
    for words in lines_of_the_page("docker run"):
        image = next(place for place, word in enumerate(words) if word.startswith("viceversa:"))
        found += [words[image + 1 :]] if words[image + 1 :] else []
    return found


@pytest.mark.parametrize("arguments", arguments_of_containers(), ids=" ".join)
def test_what_is_run_is_a_command_with_such_options(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    name, *rest = arguments
    assert name in COMMANDS
    with pytest.raises(SystemExit) as stop:
        main([name, *rest[:1], "--help"] if name == "train" else [name, "--help"])
    assert stop.value.code == 0
    known = set(re.findall(r"--[a-z][\w-]*", capsys.readouterr().out))
    assert {word for word in rest if word.startswith("--")} <= known


def test_the_page_has_containers_of_every_kind() -> None:
    """So the tests above have something to look at."""
    names = [arguments[0] for arguments in arguments_of_containers()]
    assert names.count("serve") >= 3 and {"translate", "train"} <= set(names)
    assert len(lines_of_the_page("docker build")) >= 2 and len(lines_of_the_page("docker compose")) >= 3


def test_its_extras_python_and_entry_point_are_those_of_the_package() -> None:
    coming = set() if "serve" in COMMANDS else {"serve"}
    assert set(ARGUMENTS["EXTRAS"].split(",")) <= PROJECT["optional-dependencies"].keys() | coming
    (python,) = re.findall(r"^python:(3\.\d+)-", ARGUMENTS["BASE"])
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]
    assert json.loads(step("ENTRYPOINT"))[0] in PROJECT["scripts"]


def test_build_arguments_are_those_of_the_dockerfile() -> None:
    """In compose, on the lines of the page, and in its table, which has the defaults."""
    given = {name for service in COMPOSE.values() for name in service.get("build", {}).get("args", {})}
    for words in lines_of_the_page("docker build"):
        given |= {value.partition("=")[0] for value in values("--build-arg", words)}
    assert given and given <= ARGUMENTS.keys()
    assert dict(re.findall(r"^\| `([A-Z]+)` \| `([^`]+)` \|", PAGE, re.M)) == ARGUMENTS


def test_services_of_the_page_are_those_of_compose() -> None:
    """With the profile that each one needs."""
    for words in lines_of_the_page("docker compose"):
        for name in words[words.index("up") + 1 :]:
            assert set(COMPOSE[name].get("profiles", [])) <= set(values("--profile", words))
    assert COMPOSE["serve-gpu"]["extends"]["service"] in COMPOSE


def test_one_port_in_all_places() -> None:
    assert step("EXPOSE") == PORT and f"'127.0.0.1', {PORT}" in step("HEALTHCHECK")
    serving = [arguments for arguments in arguments_of_containers() if arguments[0] == "serve"]
    for arguments in serving:
        assert (values("--host", arguments), values("--port", arguments)) == (["0.0.0.0"], [PORT])
    published = [port for service in COMPOSE.values() for port in service.get("ports", [])]
    published += [port for words in lines_of_the_page("docker run") for port in values("-p", words)]
    assert len(published) >= 4 and set(published) == {f"127.0.0.1:{PORT}:{PORT}"}, "only this machine can reach it"


def test_it_runs_without_rights() -> None:
    assert int(step("USER")) > 0
    service = COMPOSE["serve"]
    assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["mem_limit"]
    assert all(volume.endswith(":ro") for volume in service["volumes"])


def test_what_is_copied_is_there_and_not_ignored() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [name for each, rest in STEPS if each == "COPY" and "--from" not in rest for name in rest.split()[:-1]]
    assert len(copied) >= 5
    for name in copied:
        assert (ROOT / name).exists() and any(fnmatch(name, pattern) for pattern in allowed)


@pytest.mark.parametrize("status", [200, 503, None])
def test_the_health_check_asks_the_service(status: int | None) -> None:
    """Its own command, with another port. Without a status, nothing listens there."""

    class Service(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if status and self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    program, *rest = json.loads(step("HEALTHCHECK").partition("CMD ")[2])
    assert program == "python"
    with http.server.HTTPServer(("127.0.0.1", 0), Service) as server:
        command = [sys.executable, *(word.replace(PORT, str(server.server_port)) for word in rest)]
        if status is None:
            server.server_close()
        else:
            threading.Thread(target=server.handle_request, daemon=True).start()
        assert (subprocess.run(command, capture_output=True).returncode == 0) == (status == 200)
