"""What users rely on: the records of uploaded files."""

import pytest

from pipit.core import ids
from pipit.store.base import Store, StoreError
from pipit.store.records import FileUse
from tests.contract.acks import Acks
from tests.contract.records import NOW, file, group, messages, people


async def test_a_file_record_comes_back_as_it_was_saved(store: Store) -> None:
    saved = file("usrA", size=2**40)
    await store.save_file(saved)
    assert await store.load_file(saved.id) == saved
    assert await store.load_file("none") is None
    assert await store.file_uses(saved.id) == []


async def test_the_id_of_a_file_is_given_once(store: Store) -> None:
    saved = file("usrA")
    await store.save_file(saved)
    with pytest.raises(StoreError):
        await store.save_file(saved)


async def test_the_uploads_of_a_user_are_listed_oldest_first(store: Store) -> None:
    made = [file("usrA", created=NOW + age) for age in (5, 1, 3)]
    for record in (*made, file("usrB")):
        await store.save_file(record)
    assert await store.files_of("usrA") == [made[1], made[2], made[0]]
    assert await store.files_of("usrC") == []


async def test_uses_are_noted_once_each(store: Store) -> None:
    saved = file("usrA")
    await store.save_file(saved)
    uses = [
        FileUse(saved.id, "grpA", 3),
        FileUse(saved.id, "grpA", 7),
        FileUse(saved.id, "grpB", 3),
    ]
    await store.link_files(uses)
    await store.link_files(uses[:1])
    found = await store.file_uses(saved.id)
    assert sorted(found, key=lambda use: (use.target, use.seq)) == uses


async def test_a_new_picture_takes_the_place_of_the_former(store: Store) -> None:
    former, new, preview = file("usrA"), file("usrA"), file("usrA")
    for record in (former, new, preview):
        await store.save_file(record)
    await store.link_files([FileUse(former.id, "grpA"), FileUse(former.id, "grpB")])
    await store.link_files([FileUse(former.id, "grpA", 4)])
    await store.link_files([FileUse(new.id, "grpA"), FileUse(preview.id, "grpA")])
    assert await store.file_uses(new.id) == [FileUse(new.id, "grpA")]
    assert await store.file_uses(preview.id) == [FileUse(preview.id, "grpA")]
    left = await store.file_uses(former.id)
    assert sorted(left, key=lambda use: use.target) == [
        FileUse(former.id, "grpA", 4),
        FileUse(former.id, "grpB"),
    ]


async def test_an_unknown_file_is_passed_over(store: Store) -> None:
    picture = file("usrA")
    await store.save_file(picture)
    await store.link_files([FileUse(picture.id, "grpA")])
    await store.link_files([FileUse("none", "grpA"), FileUse("none", "grpA", 3)])
    assert await store.file_uses("none") == []
    assert await store.file_uses(picture.id) == [FileUse(picture.id, "grpA")]


async def test_the_bytes_of_a_user_add_up(store: Store) -> None:
    big, small = file("usrA", 3_000_000_000), file("usrA", 5)
    for record in (big, small, file("usrB", 7)):
        await store.save_file(record)
    assert await store.file_bytes("usrA") == 3_000_000_005
    assert await store.file_bytes("usrC") == 0
    await store.delete_files([big.id, "none"])
    assert await store.file_bytes("usrA") == 5


async def test_old_unused_files_are_found_oldest_first(store: Store) -> None:
    made = [file("usrA", created=NOW + age) for age in (5, 1, 3, 9, 2)]
    for record in made:
        await store.save_file(record)
    await store.link_files([FileUse(made[2].id, "grpA", 1)])
    assert await store.unused_files(NOW + 9, 10) == [made[1], made[4], made[0]]
    assert await store.unused_files(NOW + 9, 2) == [made[1], made[4]]


async def test_a_deleted_file_is_used_nowhere(store: Store) -> None:
    picture = file("usrA")
    await store.save_file(picture)
    await store.link_files([FileUse(picture.id, "grpA", 3)])
    await store.delete_files([picture.id])
    assert await store.load_file(picture.id) is None
    assert await store.file_uses(picture.id) == []


async def test_files_of_erased_messages_are_unused(store: Store, acks: Acks) -> None:
    owner, reader = await people(store, 2)
    topic, other = await group(store, owner, reader), await group(store, owner)
    await acks.store_all(*messages(topic, 1, 6))
    sent = file(owner)
    await store.save_file(sent)
    avatar, first, third = (
        FileUse(sent.id, topic),
        FileUse(sent.id, topic, 1),
        FileUse(sent.id, topic, 3),
    )
    elsewhere = FileUse(sent.id, other, 3)
    await store.link_files([avatar, first, third, elsewhere])

    await store.delete_messages(topic, 1, reader, [(1, 6)])  # for one reader only
    assert len(await store.file_uses(sent.id)) == 4
    await store.delete_messages(topic, 2, "", [(2, 6)])
    assert third not in await store.file_uses(sent.id)
    await store.delete_topic(topic, NOW)
    assert await store.file_uses(sent.id) == [elsewhere]
    await store.delete_topic(ids.new_group_name(), NOW)
