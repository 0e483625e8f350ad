"""The Autobahn suite of WebSocket cases, run by kosoku against the server.

The suite expects an echo server. Pipit answers a message that is no packet with one `400
malformed` instead, so an echo is taken as come when that answer has, in its place among the other
events. Not run are the cases of size and speed, which wait long for an echo of 64 KiB and more
(WAITING, sections 9 and 10; test_websocket_conformance.py has sizes), and those of compression,
which is not offered (12 and 13).
"""

import asyncio
from typing import Any

import kosoku
import pytest

from tests.live.rfc6455 import API_KEY
from tests.support.server import Server

SECTIONS = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "closing",
}
CASES = [f"{section}.*" for section in SECTIONS]
WAITING = ["1.1.6", "1.1.7", "1.1.8", "1.2.6", "1.2.7", "1.2.8"]
AT_ONCE = 100

Result = Any  # kosoku's CaseResult


@pytest.fixture(scope="module")
def results(server: Server) -> list[Result]:
    url = f"{server.ws}?apikey={API_KEY}"
    try:
        return asyncio.run(kosoku.run_fuzzingclient(url, CASES, WAITING, AT_ONCE))
    except kosoku.FailureError as failure:  # without an echo there always are some
        return failure.results


@pytest.mark.parametrize("section", SECTIONS, ids=SECTIONS.get)
def test_autobahn(results: list[Result], section: str) -> None:
    run = [result for result in results if result.case_id.split(".")[0] == section]
    assert run
    failed = [result for result in run if not is_passed(result)]
    if failed:
        pytest.fail("\n".join(map(described, failed)), pytrace=False)


def is_passed(result: Result) -> bool:
    """Whether the events are as expected and the closing is.

    Where the suite hung up by itself because of the missing echo, the closing says nothing.
    """
    exchange = shape(result.received) in [shape(events) for events in result.expected.values()]
    informational = result.behavior.value == "INFORMATIONAL"
    closed = result.behavior_close.value in ("OK", "INFORMATIONAL")
    return (exchange or informational) and (closed or result.failed_by_me)


def shape(events: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Returns the events with every echo, and every answer in the place of one, made equal."""
    return [("message",) if event[0] == "message" else event for event in events]


def described(result: Result) -> str:
    return (
        f"{result.case_id} {' '.join(result.description.split())}\n"
        f"  expected {result.expected}, came {result.received}\n"
        f"  closing: {result.result_close}"
    )
