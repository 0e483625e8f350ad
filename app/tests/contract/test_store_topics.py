"""What users rely on: topics, who belongs to them, lists of conversations."""

from typing import Any

import pytest
from msgspec.structs import replace

from pipit.core import access, ids
from pipit.store.base import Duplicate, Store, StoreError
from pipit.store.records import FileUse, Mark, Subscription, TopicRecord
from tests.contract.acks import Acks
from tests.contract.records import NOW, chat, file, group, messages, people, subscription, user


async def test_a_topic_comes_back_as_it_was_saved(store: Store) -> None:
    owner, member = await people(store, 2)
    name = ids.new_group_name()
    saved = TopicRecord(
        name, created=1, updated=2, touched=3, owner=owner, channel=True, defacs_auth=47,
        defacs_anon=2, seq=0, del_id=0, public=b'{"fn":"G"}', trusted=b"{}", aux=b'{"pins":[1]}',
        tags=["alias:travel", "boats"],
    )  # fmt: skip
    subs = [
        Subscription(name, owner, 255, 255, 4, 5, 6, 7, 0, private=b'{"comment":"mine"}'),
        Subscription(name, member, 47, 15, 8, 9),
    ]
    await store.create_topic(saved, subs)
    loaded = await store.load_topic(name)
    assert loaded is not None
    assert loaded[0] == saved
    assert sorted((m.sub for m in loaded[1]), key=lambda sub: sub.created) == subs


async def test_an_unknown_topic_is_none(store: Store) -> None:
    assert await store.load_topic(ids.new_group_name()) is None
    assert await store.load_subscription(ids.new_group_name(), ids.new_user_id()) is None


async def test_members_show_what_is_public_of_them(store: Store) -> None:
    one = user(1)
    one.trusted, one.updated = b'{"staff":true}', NOW + 9
    await store.create_user(one)
    (two,) = await people(store, 1)
    loaded = await store.load_topic(await group(store, one.id, two))
    assert loaded is not None
    member = next(m for m in loaded[1] if m.sub.user == one.id)
    assert (member.public, member.trusted, member.user_updated) == (
        one.public,
        one.trusted,
        NOW + 9,
    )


async def test_who_left_and_who_only_reads_is_no_member(store: Store) -> None:
    owner, left, reader, former_reader = await people(store, 4)
    topic = await group(store, owner, left)
    subs = [subscription(topic, one) for one in (left, reader, former_reader)]
    for sub in subs[1:]:
        sub.reader = True
    subs[0].deleted = subs[2].deleted = NOW
    await store.save_subscriptions(subs)
    loaded = await store.load_topic(topic)
    assert loaded is not None
    assert [m.sub.user for m in loaded[1]] == [owner]
    assert loaded[0].readers == 1
    assert await store.load_subscription(topic, left) is None
    assert await store.load_subscription(topic, reader) == subs[1]


async def test_a_chat_of_two_is_loaded_with_the_side_that_left(store: Store) -> None:
    one, two = await people(store, 2)
    topic = await chat(store, one, two)
    await store.save_subscriptions([replace(subscription(topic, two), given=3, deleted=NOW)])
    loaded = await store.load_topic(topic)
    assert loaded is not None
    sides = {m.sub.user: m.sub for m in loaded[1]}
    assert sides[one].deleted is None
    assert (sides[two].deleted, sides[two].given) == (NOW, 3)
    assert loaded[0].readers == 0


async def test_a_taken_topic_or_alias_is_refused(store: Store) -> None:
    owner = user(1, "alias:zoe")
    await store.create_user(owner)
    name = await group(store, owner.id)
    with pytest.raises(Duplicate) as refused:
        await store.create_topic(TopicRecord(name, 1, 1, 1), [])
    assert refused.value.what == "topic"
    other = ids.new_group_name()
    with pytest.raises(Duplicate) as refused:
        await store.create_topic(TopicRecord(other, 1, 1, 1, tags=["alias:zoe"]), [])
    assert refused.value.what == "alias"
    assert await store.load_topic(other) is None
    with pytest.raises(Duplicate):
        await store.update_topic(name, tags=["alias:zoe"], public=b"1")
    loaded = await store.load_topic(name)
    assert loaded is not None
    assert loaded[0].public == b'{"fn":"G"}'


async def test_a_change_of_a_topic_sets_the_named_fields_only(store: Store) -> None:
    owner, heir = await people(store, 2)
    name = await group(store, owner, tags=("boats",))
    before = await store.load_topic(name)
    assert before is not None
    changes: dict[str, Any] = {
        "owner": heir,
        "aux": b"{}",
        "tags": ["cars"],
        "touched": NOW + 7,
        "defacs_auth": 1,
    }
    await store.update_topic(name, **changes)
    after = await store.load_topic(name)
    assert after is not None
    assert after[0] == replace(before[0], **changes)
    assert await store.owned_topics(heir) == [name]
    assert await store.tag_holders(["boats"]) == []
    with pytest.raises(TypeError):
        await store.update_topic(name, members=3)
    await store.update_topic(ids.new_group_name(), aux=b"{}", tags=["cars"])
    assert await store.tag_holders(["cars"]) == [name]


async def test_only_groups_are_owned(store: Store) -> None:
    one, two = await people(store, 2)
    mine = {await group(store, one, two), await group(store, one)}
    await group(store, two, one)
    notes = ids.slf_name(one)
    await store.create_topic(TopicRecord(notes, 1, 1, 1, owner=one), [subscription(notes, one)])
    assert set(await store.owned_topics(one)) == mine
    assert await store.owned_topics("") == []


# -- deleting a topic ------------------------------------------------------------------------------


async def test_a_deleted_topic_leaves_only_that_it_is_deleted(store: Store, acks: Acks) -> None:
    owner, member = await people(store, 2)
    topic, other = await group(store, owner, member, tags=("boats",)), await group(store, owner)
    await acks.store_all(*messages(topic, 1, 4), *messages(other, 1, 4))
    await store.delete_messages(topic, 1, member, [(1, 2)])
    sent = file(owner)
    await store.save_file(sent)
    await store.link_files([FileUse(sent.id, topic, 2), FileUse(sent.id, topic)])

    await store.delete_topic(topic, NOW + 5)

    assert await store.load_topic(topic) is None
    assert await store.messages(topic, owner, [(1, 10)], 10) == []
    assert await store.message(topic, 2) is None
    assert await store.deletions(topic, member, 0, 10, 10) == []
    assert await store.tag_holders(["boats"]) == []
    assert await store.file_uses(sent.id) == []
    assert await store.owned_topics(owner) == [other]
    assert await store.load_subscription(topic, member) is None
    assert await store.contact(member, topic) is None
    assert await store.contacts(member) == []
    (left,) = await store.contacts(member, deleted_since=NOW)
    assert (left.sub.topic, left.sub.deleted) == (topic, NOW + 5)
    assert len(await store.messages(other, owner, [(1, 10)], 10)) == 3


async def test_a_deleted_topic_takes_no_messages(store: Store, acks: Acks) -> None:
    (owner,) = await people(store, 1)
    topic = await group(store, owner)
    await acks.store_all(*messages(topic, 1, 3))
    await store.delete_topic(topic, NOW)
    acks.append(*messages(topic, 3, 4))
    await acks.settle()
    assert [seq for _, seq, _ in acks.failed()] == [3]


@pytest.mark.parametrize("history", [3, 5000])
async def test_a_deleted_topic_can_be_made_again_and_is_empty(
    store: Store, acks: Acks, history: int
) -> None:
    one, two = await people(store, 2)
    topic = await chat(store, one, two)
    await acks.store_all(*messages(topic, 1, history + 1))
    await store.delete_messages(topic, 1, one, [(1, 2)])
    await store.delete_topic(topic, NOW)
    await chat(store, one, two)
    loaded = await store.load_topic(topic)
    assert loaded is not None
    assert (loaded[0].seq, loaded[0].del_id) == (0, 0)
    assert {m.sub.user for m in loaded[1]} == {one, two}
    assert await store.messages(topic, one, [(1, 10_000)], 10) == []
    await acks.store_all(*messages(topic, 1, 3))
    assert [m.seq for m in await store.messages(topic, one, [(1, 10_000)], 10)] == [2, 1]
    contact = await store.contact(one, topic)
    assert contact is not None
    assert (contact.seq, contact.members, contact.sub.cleared) == (2, 2, 0)


# -- subscriptions ---------------------------------------------------------------------------------


async def test_a_subscription_is_replaced_as_a_whole(store: Store) -> None:
    owner, member = await people(store, 2)
    topic = await group(store, owner, member)
    new = Subscription(topic, member, 1, 2, 3, 4, 5, 6, 7, True, b'"p"', None)
    await store.save_subscriptions([new])
    assert await store.load_subscription(topic, member) == new


async def test_subscriptions_are_saved_all_or_none(store: Store) -> None:
    owner, member = await people(store, 2)
    topic = await group(store, owner)
    impossible = replace(subscription(topic, owner), want=2**80)
    with pytest.raises((StoreError, OverflowError)):
        await store.save_subscriptions([subscription(topic, member), impossible])
    assert await store.load_subscription(topic, member) is None


async def test_marks_are_raised_and_never_lowered(store: Store) -> None:
    owner, member = await people(store, 2)
    topic = await group(store, owner, member)
    unknown = Mark(ids.new_group_name(), owner, 1, 1)
    await store.save_marks([Mark(topic, member, 5, 9), Mark(topic, owner, 1, 0), unknown])
    await store.save_marks([Mark(topic, member, 7, 8), Mark(topic, owner, 0, 3)])
    marks = {}
    for one in (owner, member):
        sub = await store.load_subscription(topic, one)
        assert sub is not None
        marks[one] = (sub.read, sub.recv)
    assert marks == {owner: (1, 3), member: (7, 9)}


# -- contacts --------------------------------------------------------------------------------------


async def test_a_chat_of_two_shows_the_other_account(store: Store, acks: Acks) -> None:
    me, peer = user(1), user(2)
    peer.trusted, peer.updated, peer.seen_at, peer.seen_ua = b"{}", NOW + 3, NOW + 4, "Web/1"
    for account in (me, peer):
        await store.create_user(account)
    topic = await chat(store, me.id, peer.id)
    sent = messages(topic, 1, 4)
    await acks.store_all(*sent)
    (contact,) = await store.contacts(me.id)
    assert contact.sub == await store.load_subscription(topic, me.id)
    assert (contact.public, contact.trusted, contact.updated) == (peer.public, b"{}", NOW + 3)
    assert (contact.seen_at, contact.seen_ua, contact.gone) == (NOW + 4, "Web/1", False)
    assert (contact.seq, contact.touched, contact.members) == (3, sent[-1].ts, 2)


async def test_a_group_shows_itself(store: Store, acks: Acks) -> None:
    me, other = await people(store, 2)
    topic = await group(store, me, other)
    await store.update_topic(topic, channel=True, updated=NOW + 2, trusted=b"1")
    sent = messages(topic, 1, 3)
    await acks.store_all(*sent)
    (contact,) = await store.contacts(me)
    assert (contact.public, contact.trusted, contact.updated) == (b'{"fn":"G"}', b"1", NOW + 2)
    assert (contact.channel, contact.seen_at, contact.gone) == (True, None, False)
    assert (contact.seq, contact.touched) == (2, sent[-1].ts)


async def test_members_are_all_who_did_not_leave_readers_too(store: Store) -> None:
    me, left, reader, late = await people(store, 4)
    topic = await group(store, me, left)
    following = replace(subscription(topic, reader), reader=True)
    await store.save_subscriptions([replace(subscription(topic, left), deleted=NOW), following])
    await store.save_subscriptions([following, following])
    contact = await store.contact(me, topic)
    assert contact is not None
    assert contact.members == 2
    await store.save_subscriptions([subscription(topic, late), subscription(topic, left)])
    await store.delete_user(late, NOW)
    contact = await store.contact(me, topic)
    assert contact is not None
    assert contact.members == 3


async def test_contacts_are_all_that_one_has(store: Store) -> None:
    me, peer, other = await people(store, 3)
    mine = {await chat(store, me, peer), await group(store, me), await group(store, other, me)}
    await group(store, other)
    notes = ids.slf_name(me)
    await store.create_topic(TopicRecord(notes, 1, 1, 1), [subscription(notes, me)])
    contacts = {contact.sub.topic: contact for contact in await store.contacts(me)}
    assert contacts.keys() == mine | {notes}
    for topic, contact in contacts.items():
        assert await store.contact(me, topic) == contact
    assert await store.contact(peer, notes) is None


async def test_contacts_left_are_listed_with_a_time_only(store: Store) -> None:
    me, peer = await people(store, 2)
    kept, left, long_ago = [await group(store, peer, me) for _ in range(3)]
    await store.save_subscriptions(
        [
            replace(subscription(left, me), deleted=NOW + 10),
            replace(subscription(long_ago, me), deleted=NOW),
        ]
    )
    assert [c.sub.topic for c in await store.contacts(me)] == [kept]
    since = {c.sub.topic: c.sub.deleted for c in await store.contacts(me, deleted_since=NOW + 5)}
    assert since == {kept: None, left: NOW + 10}
    assert await store.contact(me, left) is None


async def test_a_contact_keeps_what_is_private(store: Store) -> None:
    me, peer = await people(store, 2)
    topic = await chat(store, me, peer)
    sub = replace(subscription(topic, me, access.P2P_DEFAULT), private=b'{"comment":"x"}', read=3)
    await store.save_subscriptions([sub])
    (contact,) = await store.contacts(me)
    assert contact.sub == sub
