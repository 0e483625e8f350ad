"""Pipit answers recorded conversations as the recorded server did; player.py has the rules."""

import asyncio
from dataclasses import replace

import pytest

from tests.conformance import player
from tests.support.server import Server

SCENARIOS = player.scenarios()


@pytest.fixture(scope="module")
def outcomes(server: Server) -> dict[str, str]:
    return asyncio.run(player.judge_all(server.ws, SCENARIOS))


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_answers_as_recorded(outcomes: dict[str, str], name: str) -> None:
    if outcomes[name]:
        pytest.fail(outcomes[name], pytrace=False)


def test_the_player_sees_a_difference(server: Server) -> None:
    hello = player.load(player.HERE / "scenarios" / "01-hello.yaml")
    steps = list(hello.steps)
    steps[4] = {"a": "1"}  # a probe, instead of text that is not JSON
    wrong = asyncio.run(player.judge(server.ws, replace(hello, steps=steps)))
    assert wrong.startswith('step 5: {"a": "1"}')
    assert "step 6" not in wrong
