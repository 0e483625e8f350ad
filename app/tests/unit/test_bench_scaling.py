"""The scaling simulator: what should be proportional is so, what should be conserved is so, and the
limits that it finds are those that a calculation by hand gives.
"""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from bench.scaling import __main__ as program
from bench.scaling import tables
from bench.scaling.limits import Limit, first, limits
from bench.scaling.model import COSTS, PI_4, RULES, SERVER, Cost, Costs
from bench.scaling.people import (
    EVERYDAY,
    FULL_HOUSE,
    MINUTES,
    Workload,
    day,
    mean,
    poisson,
    sizes,
)
from bench.scaling.people import busiest as busiest_minute
from bench.scaling.queueing import commits, wait_percentile
from bench.scaling.setups import Setup, back_seconds, busiest, commit_rate, mongod_work, unevenness
from bench.scaling.simulate import load, stored
from bench.scaling.steps import STEPS, capacity, expected, plan, servers, smallest
from bench.scaling.waiting import p99

REPORT = Path(__file__).parents[3] / "docs" / "scaling.md"
ONE_PI = Setup("a Pi", PI_4)


def free() -> Costs:
    """Nothing costs anything."""
    nothing = {name: Cost(0, cost.unit, "assumed", "") for name, cost in COSTS.rows()}
    return Costs(**nothing | {"cold": Cost(1, "×", "assumed", "")})


def costing(**values: float) -> Costs:
    """Only these cost something."""
    return replace(free(), **{name: Cost(v, "", "assumed", "") for name, v in values.items()})


def named(found: list[Limit], name: str) -> Limit:
    return next(limit for limit in found if limit.name == name)


# -- people ----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_day() -> None:
    assert day(EVERYDAY, 400, poisson(7)) == day(EVERYDAY, 400, poisson(7))
    assert day(EVERYDAY, 400, poisson(7)) != day(EVERYDAY, 400, poisson(8))


@pytest.mark.parametrize("people", [2, 4_000, 4_000_000])
@pytest.mark.parametrize("workload", [EVERYDAY, FULL_HOUSE])
def test_every_message_goes_to_a_conversation_of_some_size(workload: Workload, people: int) -> None:
    found = sizes(workload, people)
    assert sum(part for _size, part in found) == pytest.approx(1)
    assert all(part > 0 for _size, part in found)
    assert max(size for size, _part in found) <= workload.largest


def test_a_day_has_as_many_messages_as_people_write() -> None:
    minutes = day(EVERYDAY, 4_000, mean)
    assert len(minutes) == MINUTES
    assert sum(minute.messages for minute in minutes) == pytest.approx(4_000 * EVERYDAY.messages)
    drawn = sum(minute.messages for minute in day(EVERYDAY, 4_000, poisson(1)))
    expected_messages = 4_000 * EVERYDAY.messages
    assert abs(drawn - expected_messages) < 5 * math.sqrt(expected_messages)
    assert drawn != expected_messages


def test_deliveries_are_messages_times_receivers() -> None:
    for minute in day(FULL_HOUSE, 4_000, poisson(1))[:60]:
        assert minute.messages > 0
        assert minute.deliveries == minute.messages * 50
    alone = replace(EVERYDAY, group_messages=0.0)  # chats of two: one receiver, if online
    minute = busiest_minute(alone, 4_000)
    assert minute.deliveries == pytest.approx(minute.messages * alone.online)


def test_a_receipt_goes_to_all_others_who_are_online() -> None:
    minute = busiest_minute(replace(FULL_HOUSE, reading=0.1), 4_000)
    assert minute.receipts == pytest.approx(minute.deliveries * 0.2)
    assert minute.relays == pytest.approx(minute.receipts * 50)


def test_the_tried_load_is_that_of_the_target() -> None:
    minute = busiest_minute(FULL_HOUSE, 4_000)
    assert minute.online == 4_000
    assert minute.messages / 60 == pytest.approx(200)
    assert minute.deliveries / 60 == pytest.approx(10_000)


# -- load and limits -------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", [EVERYDAY, FULL_HOUSE])
def test_twice_the_people_are_twice_the_work(workload: Workload) -> None:
    one, two = expected(workload, 20_000), expected(workload, 40_000)
    for name in ("sessions", "owners", "forwarded", "nginx", "mongod_spread", "mongod_whole"):
        assert getattr(two, name) == pytest.approx(2 * getattr(one, name)), name
    for name in ("redis", "module", "network", "journal", "messages"):
        assert getattr(two, name) == pytest.approx(2 * getattr(one, name)), name
    assert two.minute.online == pytest.approx(2 * one.minute.online)
    assert stored(workload, 40_000) == 2 * stored(workload, 20_000)


def test_the_event_loops_work_in_pieces_is_all_their_work() -> None:
    costs = costing(message=70, delivery=5, login=1000, receipt=10)
    asked = load(100_000, busiest_minute(EVERYDAY, 100_000), costs)
    pieces = sum(job.rate * job.micros for job in asked.jobs) / 1e6
    presence = asked.minute.presence / 60 * 5 / 1e6  # many small packets: no piece of their own
    assert pieces == pytest.approx(asked.sessions + asked.owners - presence)


def test_deliveries_that_cost_much_use_up_the_gateways_core_first() -> None:
    costs = costing(delivery=10)
    asked = load(4_000, busiest_minute(replace(FULL_HOUSE, starts=0), 4_000), costs)
    found = first(limits(ONE_PI, FULL_HOUSE, asked, costs))
    assert found.name == "a gateway's core"
    assert found.used == pytest.approx(10_000 * 10e-6 / PI_4.speed)  # 10,000 deliveries of 10 µs


def test_sessions_that_take_much_memory_use_that_up_first() -> None:
    costs = costing(session_memory=2**20)
    found = limits(ONE_PI, FULL_HOUSE, load(4_000, busiest_minute(FULL_HOUSE, 4_000), costs), costs)
    assert first(found).name == "memory"
    assert first(found).used == 4_000 * 2**20
    assert first(found).allowed == PI_4.memory * RULES.memory


def test_costly_logins_delay_the_return_of_all() -> None:
    costs = costing(login=1_000)
    asked = load(4_000, busiest_minute(FULL_HOUSE, 4_000), costs)
    alone = back_seconds(ONE_PI, asked, costs)
    assert alone == pytest.approx(4_000 * 1e-3 / PI_4.speed)
    assert back_seconds(replace(ONE_PI, gateways=2), asked, costs) == pytest.approx(alone / 2)
    # one of two is lost: half of the people come to the one that is left
    two = replace(ONE_PI, gateways=2, boards=2)
    assert back_seconds(two, asked, costs) == pytest.approx(alone / 2)


def test_with_one_gateway_nothing_is_forwarded() -> None:
    costs = costing(message=100, hop=50)
    asked = load(4_000, busiest_minute(FULL_HOUSE, 4_000), costs)
    three = replace(ONE_PI, gateways=3)
    assert ONE_PI.forwarded == 0
    assert three.forwarded == pytest.approx(2 / 3)
    assert busiest(ONE_PI, asked, costs) == pytest.approx(200 * 100e-6 / PI_4.speed)
    even = 200 * (100e-6 + 50e-6 * 2 / 3) / PI_4.speed / 3
    assert even < busiest(three, asked, costs) < 1.2 * even  # slots do not fall quite evenly


def test_more_gateways_share_fewer_commits() -> None:
    costs = costing(mongod_commit=300)
    asked = load(4_000, busiest_minute(FULL_HOUSE, 4_000), costs)
    rates = [commit_rate(replace(ONE_PI, gateways=n), 200, costs) for n in (1, 4, 1_000)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(200, rel=0.02)  # one for each message
    assert mongod_work(ONE_PI, asked, costs) == pytest.approx(rates[0] * 300e-6)


def test_few_slots_fall_unevenly() -> None:
    assert unevenness(1, 256) == 1
    assert 1 < unevenness(3, 256) < unevenness(16, 256) < unevenness(64, 256)
    assert unevenness(64, 4096) < unevenness(64, 256)


# -- steps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("setup", STEPS, ids=lambda setup: setup.name)
def test_a_step_carries_its_people_and_not_one_more(setup: Setup) -> None:
    found = capacity(setup, FULL_HOUSE)
    for people, fits in ((found.people, True), (found.people + 1, False)):
        limit = named(limits(setup, FULL_HOUSE, expected(FULL_HOUSE, people)), found.limit.name)
        assert (limit.ratio <= 1) == fits


def test_four_thousand_fit_on_a_pi_and_four_million_on_servers() -> None:
    for workload in (EVERYDAY, FULL_HOUSE):
        small = plan(workload, 4_000, busiest_minute(workload, 4_000))
        assert small.setup in (STEPS[0], STEPS[1])
        assert small.setup.board is PI_4
        large = plan(workload, 4_000_000, busiest_minute(workload, 4_000_000))
        assert large.setup.board is SERVER
        assert large.limit.ratio <= 1


def test_servers_are_as_few_as_carry_the_load() -> None:
    asked = expected(FULL_HOUSE, 4_000_000)
    setup = servers(FULL_HOUSE, asked)

    def exceeded(setup: Setup) -> list[Limit]:
        found = limits(setup, FULL_HOUSE, asked)
        return [limit for limit in found if limit.ratio > 1 and limit.cure != "code"]

    assert not exceeded(setup)
    one_less = setup.gateways - setup.gateways // setup.boards
    assert exceeded(replace(setup, boards=setup.boards - 1, gateways=one_less))
    assert exceeded(replace(setup, shards=setup.shards - 1))


def test_what_is_in_the_way_in_pipit_is_told_with_what_helps() -> None:
    large = plan(FULL_HOUSE, 400_000_000, busiest_minute(FULL_HOUSE, 400_000_000))
    assert {wall.name for wall in large.walls} == tables.CHANGES.keys()


def test_the_smallest_number_is_found() -> None:
    for bound in (1, 2, 3, 1000, 1023):
        assert smallest(lambda number, bound=bound: number >= bound) == bound  # type: ignore[misc]
    with pytest.raises(ValueError, match="not even"):
        smallest(lambda _number: False)


# -- queueing --------------------------------------------------------------------------------------


def test_waits_are_those_of_an_m_m_1_queue() -> None:
    arrivals, served = 70.0, 100.0
    wait = wait_percentile(0.99, arrivals / served, arrivals * 2 / served**2)
    longer = arrivals / served * math.exp(-(served - arrivals) * wait)  # P(W > t) of M/M/1
    assert longer == pytest.approx(0.01)


def test_an_idle_queue_has_no_wait_and_an_overloaded_one_no_end() -> None:
    assert wait_percentile(0.99, 0.005, 0.001) == 0
    assert wait_percentile(0.99, 1.0, 0.001) == math.inf


def test_more_people_wait_longer() -> None:
    waits = [p99(ONE_PI, expected(FULL_HOUSE, people)) for people in (1_000, 4_000, 8_000)]
    assert waits == sorted(waits)
    assert len(set(waits)) == 3
    assert p99(ONE_PI, expected(FULL_HOUSE, 100_000)) == math.inf


def test_rare_messages_have_a_commit_each_and_many_share_them() -> None:
    assert commits(0, 0.01) == 0
    assert commits(0.1, 0.01) == pytest.approx(0.1, rel=1e-3)
    assert commits(100_000, 0.01) == pytest.approx(100)


# -- report ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "text"), [(999, "999 B"), (1500, "1.5 kB"), (2.5e12, "2.5 TB"), (7e18, "7,000 PB")]
)
def test_sizes_have_the_unit_that_fits(count: float, text: str) -> None:
    assert tables.size(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0009, "< 0.001"),
        (0.01234, "0.0123"),
        (59.94, "59.9"),
        (13_123_751.2, "13,100,000"),
    ],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert tables.rounded(value) == text


@pytest.mark.parametrize(("count", "text"), [(7, "7"), (4_716, "4,700"), (85_519, "85,000")])
def test_people_are_rounded_down(count: int, text: str) -> None:
    assert tables.people(count) == text


def test_the_report_is_that_of_the_costs_in_use() -> None:
    report = REPORT.read_text("utf-8")
    for name, table in program.reckoned().items():
        assert table in report, f"the table {name!r} is outdated: run `python -m bench.scaling`"
