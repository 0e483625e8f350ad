"""What users rely on: finding people and topics by their tags."""

from random import Random

from msgspec.structs import replace

from pipit.core.tags import Query, parse_query
from pipit.store.base import Store
from tests.contract.records import NOW, group, people, subscription, user


async def found(store: Store, query: str, limit: int = 100) -> list[str]:
    return [one.name for one in await store.search(parse_query(query), limit)]


async def test_what_is_found_tells_who_it_is(store: Store) -> None:
    one = user(1, "alias:zoey", "cats", "dogs")
    one.defacs_auth, one.defacs_anon, one.updated, one.trusted = 47, 2, NOW + 1, b"{}"
    await store.create_user(one)
    (hit,) = await store.search(parse_query("cats, zoey, birds"), 10)
    assert (hit.name, hit.created, hit.updated) == (one.id, NOW, NOW + 1)
    assert (hit.defacs_auth, hit.defacs_anon) == (47, 2)
    assert (hit.public, hit.trusted, hit.channel) == (one.public, b"{}", False)
    assert sorted(hit.matched) == ["alias:zoey", "cats"]


async def test_a_channel_is_found_with_its_number_of_subscribers(store: Store) -> None:
    owner, reader = await people(store, 2)
    topic = await group(store, owner, tags=("cats",))
    await store.update_topic(topic, channel=True)
    await store.save_subscriptions([replace(subscription(topic, reader), reader=True)])
    (hit,) = await store.search(parse_query("cats"), 10)
    assert (hit.name, hit.channel, hit.members, hit.public) == (topic, True, 2, b'{"fn":"G"}')


async def test_a_space_means_and_a_comma_means_or(store: Store) -> None:
    both, cats, dogs = user(1, "cats", "dogs"), user(2, "cats"), user(3, "dogs")
    for one in (both, cats, dogs):
        await store.create_user(one)
    assert await found(store, "cats dogs") == [both.id]
    assert set(await found(store, "cats, dogs")) == {both.id, cats.id, dogs.id}
    assert await found(store, "cats birds") == []
    assert await found(store, "cat") == []


async def test_most_matched_tags_come_first(store: Store) -> None:
    one, two, three = user(1, "a1"), user(2, "a1", "b1", "c1"), user(3, "a1", "b1")
    for account in (one, two, three):
        await store.create_user(account)
    assert await found(store, "a1, b1, c1") == [two.id, three.id, one.id]
    assert await found(store, "a1, b1, c1", limit=2) == [two.id, three.id]


async def test_the_suspended_and_the_deleted_are_not_found(store: Store) -> None:
    fine, suspended, deleted = user(1, "cats"), user(2, "cats"), user(3, "cats")
    for one in (fine, suspended, deleted):
        await store.create_user(one)
    topic = await group(store, fine.id, tags=("cats",))
    await store.update_user(suspended.id, state="susp")
    await store.delete_user(deleted.id, NOW)
    await store.delete_topic(topic, NOW)
    assert await found(store, "cats", limit=1) == [fine.id]
    assert await found(store, "cats") == [fine.id]
    assert set(await store.tag_holders(["cats"])) == {fine.id, suspended.id}


async def test_nothing_asked_finds_nothing(store: Store) -> None:
    await store.create_user(user(1, "cats"))
    assert await store.search(Query(), 10) == []
    assert await found(store, "cats", limit=0) == []
    assert await store.tag_holders([]) == []


async def test_tags_are_no_patterns_and_no_code(store: Store) -> None:
    await store.create_user(user(1, "cats"))
    for query in ("c%", "cat_", "*", "'", "' or 1=1 --", '["cats"]', "\x00", "\ud83d"):
        assert await store.search(Query((frozenset({query}),)), 10) == []


async def test_any_query_finds_who_matches_it(store: Store) -> None:
    random = Random(8)
    tags = [f"tag{number}" for number in range(6)]
    holders = [user(at, *random.sample(tags, random.randint(0, 4))) for at in range(40)]
    for one in holders:
        await store.create_user(one)
    for _ in range(60):
        every = [
            frozenset(random.sample(tags, random.randint(1, 2)))
            for _ in range(random.randint(0, 2))
        ]
        query = Query(tuple(every), frozenset(random.sample(tags, random.randint(0, 2))))
        hits = await store.search(query, 100)
        wanted = {one.id for one in holders if query.tags and query.matches(frozenset(one.tags))}
        assert {hit.name for hit in hits} == wanted
        counts = [len(hit.matched) for hit in hits]
        assert counts == sorted(counts, reverse=True)
