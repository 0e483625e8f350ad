"""Accounts, each with its logins and credentials: one document, so that it is made as a whole.

`claims` holds what no other account may have, under one unique index: login names, and confirmed
credentials. The server itself puts it together with each change (CLAIMS).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from pipit.core import ids
from pipit.store.base import Duplicate
from pipit.store.mongodb import deleting
from pipit.store.mongodb.aliases import exchange, release
from pipit.store.mongodb.database import Db, Doc
from pipit.store.mongodb.documents import (
    changing,
    document,
    fields,
    record,
    sorted_tags,
)
from pipit.store.records import CredentialRecord, LoginRecord, User

USER = fields(User, "id")
LOGIN = fields(LoginRecord, "user")
CREDENTIAL = fields(CredentialRecord, "user")

EXISTS = {"$ne": "del"}
"""The state of an account that is not deleted."""

PROFILE = dict.fromkeys(USER, 1)
"""A projection: what a User is made of."""


def _claims_of(array: str, each: Sequence[str], condition: Any) -> Doc:
    """An expression: one text for each element of an array that meets a condition."""
    kept = {"$filter": {"input": {"$ifNull": [array, []]}, "as": "it", "cond": condition}}
    return {"$map": {"input": kept, "as": "it", "in": {"$concat": list(each)}}}


_LOGIN_CLAIMS = _claims_of("$logins", ("login:", "$$it.scheme", ":", "$$it.login"), True)
_CREDENTIAL_CLAIMS = _claims_of(
    "$credentials", ("credential:", "$$it.method", ":", "$$it.value"), "$$it.done"
)
_ALL_CLAIMS = {"$concatArrays": [_LOGIN_CLAIMS, _CREDENTIAL_CLAIMS]}
CLAIMS: list[Doc] = [
    {"$set": {"claims": _ALL_CLAIMS}},
    {"$set": {"claims": {"$cond": [{"$eq": ["$claims", []]}, "$$REMOVE", "$claims"]}}},
]
"""Stages of an update: without any claim the field is left out, as a sparse unique index needs."""


async def create_user(
    db: Db, user: User, login: LoginRecord | None, credentials: Iterable[CredentialRecord]
) -> None:
    """Adds an account with all that belongs to it."""
    doc = of_account(user, [login] if login else [], credentials)
    try:
        async with exchange(db, user.id, (), user.tags):
            await db.users.insert_one(doc)
    except DuplicateKeyError as fault:
        raise _taken(fault) from None


def of_account(
    user: User, logins: Iterable[LoginRecord], credentials: Iterable[CredentialRecord]
) -> Doc:
    """The document of an account."""
    kept = [document(credential, CREDENTIAL) for credential in credentials]
    doc: Doc = {"_id": user.id} | document(user, USER) | {"tags": sorted_tags(user.tags)}
    doc |= {"logins": [document(login, LOGIN) for login in logins], "credentials": kept}
    claims = [f"login:{one['scheme']}:{one['login']}" for one in doc["logins"]]
    claims += [f"credential:{one['method']}:{one['value']}" for one in kept if one["done"]]
    return doc | {"claims": claims} if claims else doc


def _taken(fault: DuplicateKeyError) -> Duplicate:
    value = (fault.details or {}).get("keyValue", {})
    return Duplicate(str(value["claims"]).partition(":")[0] if "claims" in value else "user")


async def load_user(db: Db, user: str) -> User | None:
    """One account, unless it is deleted."""
    doc = await db.users.find_one({"_id": user, "state": EXISTS}, PROFILE)
    return to_user(doc) if doc else None


async def load_users(db: Db, users: Iterable[str]) -> dict[str, User]:
    """Those accounts that exist."""
    wanted = {"_id": {"$in": list(users)}, "state": EXISTS}
    return {doc["_id"]: to_user(doc) async for doc in db.users.find(wanted, PROFILE)}


def to_user(doc: Doc) -> User:
    """The account of a document."""
    return record(User, USER, doc, id=doc["_id"])


async def list_users(db: Db, after: User | None, limit: int) -> list[User]:
    """Accounts by age, those after one."""
    wanted: Doc = {"state": EXISTS}
    if after is not None:
        later = {"created": {"$gt": after.created}}
        wanted["$or"] = [later, {"created": after.created, "_id": {"$gt": after.id}}]
    found = db.users.find(wanted, PROFILE).sort([("created", 1), ("_id", 1)]).limit(limit)
    return [to_user(doc) async for doc in found]


async def update_user(db: Db, user: str, changes: Doc) -> None:
    """Sets fields; their names were checked."""
    if "tags" not in changes:
        await db.users.update_one({"_id": user, "state": EXISTS}, changing(changes))
        return
    changes = changes | {"tags": sorted_tags(changes["tags"])}
    doc = await db.users.find_one({"_id": user, "state": EXISTS}, {"tags": 1})
    if doc is not None:
        async with exchange(db, user, doc["tags"], changes["tags"]):
            await db.users.update_one({"_id": user, "state": EXISTS}, changing(changes))


async def delete_user(db: Db, user: str, at: int) -> None:
    """Leaves a tombstone, by which chats of two know that the account is gone.

    The first write notes what is left to do; what a crash leaves undone is done at the next start.
    """
    erased = ("public", "trusted", "private", "search", "seen_at", "logins", "credentials")
    await db.users.update_one(
        {"_id": user, "state": EXISTS},
        {
            "$set": {"state": "del", "updated": at, "seen_ua": "", "leaving": at},
            "$unset": dict.fromkeys((*erased, "claims"), ""),
        },
    )
    doc = await db.users.find_one({"_id": user, "leaving": {"$exists": True}}, {"tags": 1})
    if doc is not None:
        await finish_leaving(db, user, at, doc["tags"])


async def finish_leaving(db: Db, user: str, at: int, tags: list[str]) -> None:
    """Erases what belonged to a deleted account. Can be done again after it was broken off."""
    await deleting.delete_topic(db, ids.slf_name(user), at)
    await deleting.forget_member(db, user, at)
    await release(db, user, tags)
    await db.users.update_one({"_id": user}, {"$set": {"tags": []}, "$unset": {"leaving": ""}})


async def standings(db: Db) -> list[tuple[str, int, str]]:
    """(user, token_gen, state) of those that are not as they were made."""
    differ = {"$or": [{"token_gen": {"$gt": 0}}, {"state": {"$in": ["susp", "del"]}}]}
    found = db.users.find(differ, {"token_gen": 1, "state": 1})
    return [(doc["_id"], doc["token_gen"], doc["state"]) async for doc in found]


async def save_seen(db: Db, seen: Iterable[tuple[str, int, str]]) -> None:
    """Notes when users were last online."""
    steps = [
        UpdateOne({"_id": user, "state": EXISTS}, {"$set": {"seen_at": at, "seen_ua": agent}})
        for user, at, agent in seen
    ]
    if steps:
        await db.users.bulk_write(steps, ordered=False)


# -- logins ----------------------------------------------------------------------------------------


async def find_login(db: Db, scheme: str, login: str) -> LoginRecord | None:
    """By name."""
    return await _login(db, {"claims": f"login:{scheme}:{login}"}, scheme)


async def login_of(db: Db, user: str, scheme: str) -> LoginRecord | None:
    """By account."""
    return await _login(db, {"_id": user}, scheme)


async def _login(db: Db, where: Doc, scheme: str) -> LoginRecord | None:
    doc = await db.users.find_one(where, {"logins": 1})
    for login in doc.get("logins", ()) if doc else ():
        if doc and login["scheme"] == scheme:
            return record(LoginRecord, LOGIN, login, user=doc["_id"])
    return None


async def save_login(db: Db, login: LoginRecord) -> None:
    """Adds or replaces it."""
    same = {"$eq": ["$$it.scheme", {"$literal": login.scheme}]}
    await _put(db, login.user, "logins", same, document(login, LOGIN))


async def _put(db: Db, user: str, array: str, same: Doc, new: Doc) -> None:
    """Puts an element into an array of an account, in the place of the same one."""
    old = {"$ifNull": [f"${array}", []]}
    replaced = {"$map": {"input": old, "as": "it", "in": {"$cond": [same, _literal(new), "$$it"]}}}
    there = {"$anyElementTrue": [{"$map": {"input": old, "as": "it", "in": same}}]}
    added = {"$concatArrays": [old, [_literal(new)]]}
    stage = {"$set": {array: {"$cond": [there, replaced, added]}}}
    try:
        await db.users.update_one({"_id": user, "state": EXISTS}, [stage, *CLAIMS])
    except DuplicateKeyError as fault:
        raise _taken(fault) from None


def _literal(value: Any) -> Doc:
    """What is from outside is never taken for an expression: `$` may be in a name."""
    return {"$literal": value}


# -- credentials -----------------------------------------------------------------------------------


async def save_credential(db: Db, credential: CredentialRecord) -> None:
    """Adds or replaces it, in its place."""
    same = {
        "$and": [
            {"$eq": ["$$it.method", _literal(credential.method)]},
            {"$eq": ["$$it.value", _literal(credential.value)]},
        ]
    }
    await _put(db, credential.user, "credentials", same, document(credential, CREDENTIAL))


async def credentials_of(db: Db, user: str) -> list[CredentialRecord]:
    """An account's, in the order they were added."""
    doc = await db.users.find_one({"_id": user}, {"credentials": 1})
    kept = doc.get("credentials", ()) if doc else ()
    return [record(CredentialRecord, CREDENTIAL, one, user=user) for one in kept]


async def find_credential(db: Db, method: str, value: str) -> CredentialRecord | None:
    """The confirmed one."""
    claim = {"claims": f"credential:{method}:{value}"}
    doc = await db.users.find_one(claim, {"credentials": 1})
    for one in doc["credentials"] if doc else ():
        if doc and (one["method"], one["value"]) == (method, value):
            return record(CredentialRecord, CREDENTIAL, one, user=doc["_id"])
    return None


async def delete_credential(db: Db, user: str, method: str, value: str) -> bool:
    """Whether there was one."""
    wanted = {"method": method, "value": value}
    done = await db.users.update_one(
        {"_id": user, "credentials": {"$elemMatch": wanted}},
        {"$pull": {"credentials": wanted, "claims": f"credential:{method}:{value}"}},
    )
    if done.modified_count:  # no empty array may stay: the unique index would count it
        await db.users.update_one({"_id": user, "claims": []}, {"$unset": {"claims": ""}})
    return done.modified_count > 0
