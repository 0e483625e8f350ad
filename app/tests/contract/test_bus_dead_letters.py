"""What users rely on: events that a module never managed can be looked at, and tried again."""

from pipit.bus.base import Bus
from pipit.bus.events import decode
from tests.contract.modules import TRIES, Module, event

ALWAYS = 1_000_000


async def test_an_event_that_always_fails_becomes_a_dead_letter(bus: Bus) -> None:
    failing, fine = Module(), Module()
    failing.failures = {1: ALWAYS, 3: ALWAYS}
    await bus.subscribe("failing", failing)
    await bus.subscribe("fine", fine)
    sent = [event(number) for number in (1, 2, 3, 4)]
    for one in sent:
        bus.publish(one)
    await failing.until(handled=2)
    await fine.until(handled=4)
    assert failing.calls == [1] * TRIES + [2] + [3] * TRIES + [4]
    letters = await bus.dead_letters("failing")
    assert [decode(bytes(letter.event)) for letter in letters] == [sent[0], sent[2]]
    assert [letter.key for letter in letters] == [sent[0].key, sent[2].key]
    assert [letter.reason for letter in letters] == [
        "RuntimeError('event 1 fails')",
        "RuntimeError('event 3 fails')",
    ]
    assert all(letter.at > 1_700_000_000_000 for letter in letters)
    assert await bus.dead_letters("fine") == []


async def two_dead(bus: Bus, module: Module) -> list[str]:
    """The keys of two events that were given up."""
    module.failures = {1: ALWAYS, 2: ALWAYS}
    await bus.subscribe("failing", module)
    sent = [event(number) for number in (1, 2, 3)]
    for one in sent:
        bus.publish(one)
    await module.until(handled=1)
    return [one.key for one in sent[:2]]


async def test_looking_at_dead_letters_changes_nothing(bus: Bus) -> None:
    keys = await two_dead(bus, Module())
    for _ in range(2):
        assert [letter.key for letter in await bus.dead_letters("failing")] == keys
    assert [letter.key for letter in await bus.dead_letters("failing", 1)] == keys[:1]


async def test_a_replayed_letter_is_tried_again(bus: Bus) -> None:
    module = Module()
    keys = await two_dead(bus, module)
    module.failures = {}
    assert await bus.replay("failing", keys[1]) == 1
    await module.until(handled=2)
    assert module.handled == [3, 2]
    assert [letter.key for letter in await bus.dead_letters("failing")] == keys[:1]


async def test_all_are_replayed_in_their_order_and_to_nobody_else(bus: Bus) -> None:
    module, fine = Module(), Module()
    await bus.subscribe("fine", fine)
    await two_dead(bus, module)
    module.failures = {}
    assert await bus.replay("failing") == 2
    await module.until(handled=3)
    assert module.handled == [3, 1, 2]
    assert await bus.dead_letters("failing") == []
    bus.publish(event(9))
    await fine.until(last=9)
    assert fine.handled == [1, 2, 3, 9]


async def test_a_replayed_letter_that_fails_again_is_dead_again(bus: Bus) -> None:
    module = Module()
    keys = await two_dead(bus, module)
    before = len(module.calls)
    assert await bus.replay("failing", keys[0]) == 1
    await module.until(calls=before + TRIES)
    bus.publish(event(9))
    await module.until(last=9)
    assert sorted(letter.key for letter in await bus.dead_letters("failing")) == sorted(keys)


async def test_dead_letters_can_be_discarded(bus: Bus) -> None:
    keys = await two_dead(bus, Module())
    assert await bus.discard("failing", "no such key") == 0
    assert await bus.discard("failing", keys[0]) == 1
    assert [letter.key for letter in await bus.dead_letters("failing")] == keys[1:]
    assert await bus.discard("failing") == 1
    assert await bus.dead_letters("failing") == []


async def test_dead_letters_are_counted(bus: Bus) -> None:
    await two_dead(bus, Module())
    (status,) = await bus.status(["failing"])
    assert status.dead == 2
