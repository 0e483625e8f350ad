"""What users rely on: accounts, logins, credentials."""

import asyncio

import pytest
from msgspec.structs import replace

from pipit.core import ids
from pipit.store.base import Duplicate, Store
from pipit.store.records import CredentialRecord, FileUse, LoginRecord, TopicRecord, User
from tests.contract.acks import Acks
from tests.contract.records import NOW, chat, file, message, people, subscription, user


def login_for(account: User, name: str) -> LoginRecord:
    return LoginRecord(account.id, "basic", name, "$argon2id$hash")


async def test_an_account_comes_back_as_it_was_saved(store: Store) -> None:
    saved = User(
        ids.new_user_id(), created=1, updated=2, state="susp", level=30, defacs_auth=47,
        defacs_anon=3, public=b'{"fn":"\xd0\xae"}', trusted=b'{"staff":true}', private=b"[1]",
        tags=["alias:zoe", "basic:zoe", "two words"], seen_at=5, seen_ua="Web/1", token_gen=4,
        me_want=9, search=b'"cats"',
    )  # fmt: skip
    await store.create_user(saved)
    assert await store.load_user(saved.id) == saved


async def test_an_unknown_account_is_none(store: Store) -> None:
    assert await store.load_user(ids.new_user_id()) is None
    assert await store.find_login("basic", "nobody") is None


async def test_a_taken_user_id_is_refused(store: Store) -> None:
    one = user()
    await store.create_user(one)
    with pytest.raises(Duplicate) as refused:
        await store.create_user(replace(one, public=None))
    assert refused.value.what == "user"
    assert await store.load_user(one.id) == one


@pytest.mark.parametrize("what", ["login", "alias", "credential"])
async def test_an_account_with_something_taken_is_not_made_at_all(store: Store, what: str) -> None:
    first, second = user(1, "alias:zoe"), user(2)
    await store.create_user(
        first,
        login_for(first, "zoe"),
        [CredentialRecord(first.id, "email", "z@example.com", done=True)],
    )
    second.tags = ["alias:zoe"] if what == "alias" else []
    login = login_for(second, "zoe" if what == "login" else "ben")
    mail = "z@example.com" if what == "credential" else "b@example.com"
    with pytest.raises(Duplicate) as refused:
        await store.create_user(
            second, login, [CredentialRecord(second.id, "email", mail, done=True)]
        )
    assert refused.value.what == what
    assert await store.load_user(second.id) is None
    assert await store.login_of(second.id, "basic") is None
    assert await store.credentials_of(second.id) == []


async def test_several_accounts_are_loaded_at_once(store: Store) -> None:
    one, two = user(1), user(2)
    for account in (one, two):
        await store.create_user(account)
    found = await store.load_users([one.id, two.id, ids.new_user_id()])
    assert found == {one.id: one, two.id: two}


async def test_a_change_sets_the_named_fields_only(store: Store) -> None:
    one = user(1, "cats", "dogs")
    await store.create_user(one)
    await store.update_user(one.id, public=None, token_gen=3, me_want=1, tags=["birds", "cats"])
    expected = replace(one, public=None, token_gen=3, me_want=1, tags=["birds", "cats"])
    assert await store.load_user(one.id) == expected
    assert await store.tag_holders(["dogs"]) == []


async def test_a_field_that_does_not_exist_is_refused(store: Store) -> None:
    (one,) = await people(store, 1)
    for name in ("nickname", "id", "public = NULL; --"):
        with pytest.raises(TypeError):
            await store.update_user(one, **{name: "x"})


async def test_a_change_of_an_unknown_account_changes_nothing(store: Store) -> None:
    unknown = ids.new_user_id()
    await store.update_user(unknown, public=b"1", tags=["cats"])
    assert await store.load_user(unknown) is None
    assert await store.tag_holders(["cats"]) == []


async def test_an_alias_is_held_by_one_only(store: Store) -> None:
    one, two = user(1, "alias:zoe"), user(2)
    for account in (one, two):
        await store.create_user(account)
    with pytest.raises(Duplicate) as refused:
        await store.update_user(two.id, tags=["alias:zoe", "cats"], public=b"1")
    assert refused.value.what == "alias"
    assert await store.load_user(two.id) == two
    await store.update_user(one.id, tags=["alias:zoe", "dogs"])  # its own it may keep
    await store.update_user(one.id, tags=[])
    await store.update_user(two.id, tags=["alias:zoe"])
    assert await store.tag_holders(["alias:zoe"]) == [two.id]


async def test_other_tags_are_shared(store: Store) -> None:
    one, two = user(1, "cats"), user(2, "cats", "dogs")
    for account in (one, two):
        await store.create_user(account)
    assert sorted(await store.tag_holders(["cats", "dogs"])) == sorted([one.id, two.id])


async def test_accounts_are_listed_oldest_first(store: Store) -> None:
    made = [user(number, created=NOW - number % 7) for number in range(1203)]
    await asyncio.gather(*(store.create_user(one) for one in made))
    await store.delete_user(made[5].id, NOW)
    listed = [one async for one in store.list_users()]
    assert {one.id for one in listed} == {one.id for one in made if one is not made[5]}
    assert len(listed) == len(made) - 1
    assert [one.created for one in listed] == sorted(one.created for one in listed)


async def test_standings_tell_who_is_not_as_made(store: Store) -> None:
    fresh, suspended, changed, deleted = await people(store, 4)
    await store.update_user(suspended, state="susp")
    await store.update_user(changed, token_gen=2)
    await store.delete_user(deleted, NOW)
    standings = {user_id: (gen, state) for user_id, gen, state in await store.standings()}
    assert fresh not in standings
    assert standings[suspended] == (0, "susp")
    assert standings[changed] == (2, "ok")
    assert standings[deleted][1] == "del"
    assert await store.load_user(suspended) is not None


async def test_last_seen_is_kept(store: Store) -> None:
    one, two = await people(store, 2)
    await store.save_seen(
        [(one, NOW, "Web/1"), (two, NOW + 1, "App/2"), (ids.new_user_id(), 1, "")]
    )
    seen = await store.load_users([one, two])
    assert (seen[one].seen_at, seen[one].seen_ua) == (NOW, "Web/1")
    assert (seen[two].seen_at, seen[two].seen_ua) == (NOW + 1, "App/2")


# -- deleting an account ---------------------------------------------------------------------------


async def test_a_deleted_account_leaves_nothing_but_its_messages(store: Store, acks: Acks) -> None:
    gone, peer = user(1, "alias:zoe", "cats"), user(2)
    await store.create_user(
        gone, login_for(gone, "zoe"), [CredentialRecord(gone.id, "email", "z@example.com", True)]
    )
    await store.create_user(peer)
    talk = await chat(store, gone.id, peer.id)
    notes = ids.slf_name(gone.id)
    await store.create_topic(TopicRecord(notes, 1, 1, 1), [subscription(notes, gone.id)])
    await acks.store_all(message(talk, 1, sender=gone.id), message(notes, 1, sender=gone.id))
    picture = file(gone.id)
    await store.save_file(picture)
    await store.link_files([FileUse(picture.id, gone.id)])

    await store.delete_user(gone.id, NOW + 5)

    assert await store.load_user(gone.id) is None
    assert await store.load_users([gone.id]) == {}
    assert await store.find_login("basic", "zoe") is None
    assert await store.credentials_of(gone.id) == []
    assert await store.tag_holders(["alias:zoe", "cats"]) == []
    assert await store.contacts(gone.id, deleted_since=0) == []
    assert await store.load_topic(notes) is None
    assert await store.message(notes, 1) is None
    assert await store.file_uses(picture.id) == []
    assert [m.sender for m in await store.messages(talk, peer.id, [(1, 2)], 9)] == [gone.id]


async def test_a_chat_tells_that_the_other_account_is_gone(store: Store) -> None:
    gone, peer = await people(store, 2)
    talk = await chat(store, gone, peer)
    before = await store.contact(peer, talk)
    await store.delete_user(gone, NOW)
    after = await store.contact(peer, talk)
    assert before is not None
    assert not before.gone
    assert before.public is not None
    assert after is not None
    assert after.gone
    assert after.public is None


async def test_names_of_a_deleted_account_are_free_again(store: Store) -> None:
    gone, heir = user(1, "alias:zoe"), user(2, "alias:zoe")
    for account in (gone, heir):
        await store.create_user(
            account,
            login_for(account, "zoe"),
            [CredentialRecord(account.id, "tel", "+1702", done=True)],
        )
        if account is gone:
            await store.delete_user(gone.id, NOW)
    found = await store.find_login("basic", "zoe")
    assert found is not None
    assert found.user == heir.id


async def test_the_id_of_a_deleted_account_is_not_given_again(store: Store) -> None:
    gone = user()
    await store.create_user(gone)
    await store.delete_user(gone.id, NOW)
    with pytest.raises(Duplicate):
        await store.create_user(gone)
    await store.delete_user(gone.id, NOW)
    await store.delete_user(ids.new_user_id(), NOW)


# -- logins ----------------------------------------------------------------------------------------


async def test_a_login_is_found_by_name_and_by_account(store: Store) -> None:
    one = user()
    login = login_for(one, "zoë")
    await store.create_user(one, login)
    assert await store.find_login("basic", "zoë") == login
    assert await store.login_of(one.id, "basic") == login
    assert await store.find_login("other", "zoë") is None
    assert await store.login_of(one.id, "other") is None


async def test_a_renamed_login_frees_the_old_name(store: Store) -> None:
    one, two = user(1), user(2)
    await store.create_user(one, login_for(one, "zoe"))
    await store.create_user(two, login_for(two, "ben"))
    await store.save_login(replace(login_for(one, "zo"), secret="new"))
    assert await store.find_login("basic", "zoe") is None
    await store.save_login(login_for(two, "zoe"))
    assert await store.find_login("basic", "ben") is None
    changed = await store.find_login("basic", "zo")
    assert changed is not None
    assert changed.secret == "new"


async def test_a_taken_login_is_refused(store: Store) -> None:
    one, two = user(1), user(2)
    await store.create_user(one, login_for(one, "zoe"))
    await store.create_user(two, login_for(two, "ben"))
    with pytest.raises(Duplicate) as refused:
        await store.save_login(login_for(two, "zoe"))
    assert refused.value.what == "login"
    kept = await store.login_of(two.id, "basic")
    assert kept is not None
    assert kept.login == "ben"


# -- credentials -----------------------------------------------------------------------------------


async def test_credentials_keep_their_order_when_one_is_replaced(store: Store) -> None:
    (one,) = await people(store, 1)
    mail = CredentialRecord(one, "email", "z@example.com", False, "hash", 0, NOW)
    phone = CredentialRecord(one, "tel", "+1702", True, "", 0, NOW)
    for record in (mail, phone):
        await store.save_credential(record)
    confirmed = replace(mail, done=True, code="", tries=2)
    await store.save_credential(confirmed)
    assert await store.credentials_of(one) == [confirmed, phone]


async def test_a_credential_is_confirmed_by_one_account_only(store: Store) -> None:
    one, two = await people(store, 2)
    for account in (one, two):
        await store.save_credential(CredentialRecord(account, "email", "z@example.com"))
    assert await store.find_credential("email", "z@example.com") is None
    first = CredentialRecord(one, "email", "z@example.com", done=True)
    await store.save_credential(first)
    assert await store.find_credential("email", "z@example.com") == first
    with pytest.raises(Duplicate) as refused:
        await store.save_credential(replace(first, user=two))
    assert refused.value.what == "credential"
    assert not (await store.credentials_of(two))[0].done


async def test_a_credential_is_deleted_once(store: Store) -> None:
    (one,) = await people(store, 1)
    await store.save_credential(CredentialRecord(one, "tel", "+1702", done=True))
    assert await store.delete_credential(one, "tel", "+1702")
    assert not await store.delete_credential(one, "tel", "+1702")
    assert await store.find_credential("tel", "+1702") is None
