"""Every test of the real tinode-sdk in Node, each as a test here.

The files beside this one are Node's; run one by hand with
`PIPIT_URL=http://127.0.0.1:8080 node --test chat.test.mjs`. Needs `npm ci` here, once.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.test.mjs"))
NAME = re.compile(r'^test\("(.+?)", ', re.MULTILINE)
TIMEOUT = 120  # seconds for one file; each takes a few

Outcome = dict[str, Any]  # name, passed, text


def cases() -> Iterator[Any]:
    for file in FILES:
        for name in NAME.findall(file.read_text(encoding="utf-8")):
            yield pytest.param(file, name, id=f"{file.name.split('.')[0]}: {name}")


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, server: Any) -> dict[str, Outcome]:
    """Runs one file of tests in Node; returns their outcomes by name."""
    command = ["node", "--test-reporter=./reporter.mjs", "--test-reporter-destination=stdout"]
    done = subprocess.run(
        [*command, request.param.name],
        cwd=HERE,
        env=os.environ | {"PIPIT_URL": server.url},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, f"node said nothing of tests:\n{done.stdout}{done.stderr}"
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize(("outcomes", "name"), list(cases()), indirect=["outcomes"])
def test_sdk(outcomes: dict[str, Outcome], name: str) -> None:
    assert name in outcomes, f"node did not run it, but {list(outcomes)}"
    if not outcomes[name]["passed"]:
        pytest.fail(outcomes[name]["text"], pytrace=False)
