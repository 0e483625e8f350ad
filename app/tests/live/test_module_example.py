"""The example module as a process: events, health, metrics, its end; and what keeps it from one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.live.modules import Module, modules, queue
from tests.live.people import group, people, say
from tests.support.command import pipit
from tests.support.redis_server import RedisServer


@pytest.fixture
def start_module() -> Iterator[Callable[..., Module]]:
    with modules() as start_one:
        yield start_one


@pytest.mark.parametrize("kind", ["redis", "rabbitmq"])
async def test_a_module_is_told_what_happens_and_ends_when_told(
    kind: str,
    start_server: StartServer,
    start_module: Callable[..., Module],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    broker = request.getfixturevalue("redis_server" if kind == "redis" else "rabbit_server")
    settings = queue(broker, kind)
    server = start_server(**settings)
    example = start_module("example", tmp_path / "example", **settings)
    await example.healthy()
    async with people(server, "ann", "bob") as (ann, bob):
        topic = await group(ann, bob)
        for number in range(3):
            await say(ann, topic, str(number), head={"mime": "text/plain"})
        while (await example.get("/counts"))[1].get(topic) != 3:
            pass
    figures = await example.figures()
    assert figures["pipit_example_messages_total"] == 3
    assert figures['pipit_module_events_total{group="example"}'] >= 3
    assert figures['pipit_module_failures_total{group="example"}'] == 0
    assert figures["process_resident_memory_bytes"] > 0
    assert example.stop() == 0


async def test_what_happens_while_a_module_is_away_is_told_when_it_is_back(
    start_server: StartServer,
    start_module: Callable[..., Module],
    redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    server = start_server(**queue(redis_server))
    first = start_module("example", tmp_path / "example", **queue(redis_server))
    await first.healthy()
    first.stop()
    async with people(server, "ann") as (ann,):
        topic = await group(ann)
        await say(ann, topic, "Is anybody there?")
    second = start_module("example", tmp_path / "example", **queue(redis_server))
    while topic not in (await second.get("/counts"))[1]:
        pass


async def test_a_module_is_not_healthy_until_the_message_queue_is_there(
    start_module: Callable[..., Module], redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.stop()
    example = start_module("example", tmp_path / "example", **queue(redis_server))
    code, answer = await example.get("/healthz")
    assert (code, answer["status"]) == (503, "failing")
    assert "message queue" in answer["queue"]
    redis_server.start()
    await example.healthy()
    redis_server.stop()
    while (await example.get("/healthz"))[0] == 200:
        pass
    assert example.stop() == 0


async def test_a_queue_in_memory_is_refused_with_a_sentence(tmp_path: Path) -> None:
    outcome = await pipit(tmp_path, "module", "example")
    assert outcome.code == 2
    assert outcome.err.startswith("pipit: message_queue.type: found memory, allowed for modules:")
    assert "redis or rabbitmq" in outcome.err


async def test_an_unknown_module_is_refused_with_the_names_of_all(tmp_path: Path) -> None:
    outcome = await pipit(tmp_path, "module", "exmaple")
    assert outcome.code == 2
    assert all(name in outcome.err for name in ("exmaple", "webhooks", "chatai", "example"))


async def test_a_port_that_is_taken_is_said_in_a_line(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    taken: dict[str, Any] = {"example_port": redis_server.port} | queue(redis_server)
    outcome = await pipit(tmp_path, "module", "example", **taken)
    assert outcome.code == 1
    assert f"{redis_server.port}" in outcome.err
    assert "Traceback" not in outcome.err
