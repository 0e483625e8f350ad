"""Every test of the real tinode-sdk in Node, each as a test here.

The files beside this one are Node's; run one by hand with
`PIPIT_URL=http://127.0.0.1:8080 node --test chat.test.mjs`. Needs `npm ci` here, once.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Server

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.test.mjs"))
NAME = re.compile(r'^test\("(.+?)", ', re.MULTILINE)
TIMEOUT = 100  # seconds for one file; each takes a few
REPORT = ["--test-reporter=./reporter.mjs", "--test-reporter-destination=stdout"]

Outcome = dict[str, Any]  # name, passed, text
Run = Callable[[Path], dict[str, Outcome]]


def cases() -> Iterator[Any]:
    for file in FILES:
        for name in NAME.findall(file.read_text(encoding="utf-8")):
            yield pytest.param(file, name, id=f"{file.name.split('.')[0]}: {name}")


@pytest.fixture(scope="module")
def run(server: Server) -> Run:
    """Runs a file of tests in Node, once; returns their outcomes by name."""

    @cache
    def outcomes(file: Path) -> dict[str, Outcome]:
        said = node(file, server.url)
        print(said)
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        return {line["name"]: line for line in lines}

    return outcomes


def node(file: Path, url: str) -> str:
    """Runs Node and returns what it says; what it said so far if it takes too long."""
    with subprocess.Popen(
        ["node", *REPORT, file.name],
        cwd=HERE,
        env=os.environ | {"PIPIT_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            return process.communicate(timeout=TIMEOUT)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            return process.communicate()[0]


@pytest.mark.parametrize(("file", "name"), list(cases()))
def test_sdk(run: Run, file: Path, name: str) -> None:
    outcomes = run(file)
    assert name in outcomes, f"node did not run it, but {list(outcomes)}"
    if not outcomes[name]["passed"]:
        pytest.fail(outcomes[name]["text"], pytrace=False)
