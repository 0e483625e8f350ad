"""Somebody's profile: as oneself and as others see it, and what a {set} changes of it."""

from __future__ import annotations

from typing import Any

from pipit.accounts.levels import ROOT
from pipit.core import access, clock
from pipit.core.merge import merge
from pipit.store.records import User
from pipit.topics import granting
from pipit.topics.reading import changed_since, raw
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Acs, DefacsOut, Desc
from pipit.wire.status import Refused


def changes(user: User, desc: rq.SetDesc, level: int) -> dict[str, Any]:
    """The fields of an account that a new description changes. Raises Refused: 400, 403."""
    changed: dict[str, Any] = {}
    if desc.trusted is not None:
        if level < ROOT:
            raise Refused(status.DENIED)
        changed["trusted"] = merge(user.trusted, desc.trusted)
    if desc.public is not None:
        changed["public"] = merge(user.public, desc.public)
    if changed:
        changed["updated"] = clock.now_ms()
    if desc.private is not None:
        changed["private"] = merge(user.private, desc.private)
    if desc.defacs is not None:
        for name, text in (
            ("defacs_auth", desc.defacs.auth),
            ("defacs_anon", desc.defacs.anon),
        ):
            if text:
                mode = granting.parse_mode(text)
                changed[name] = access.for_p2p(mode) if mode else mode
    return changed


def acs(mode: int) -> Acs:
    """The access that one wants on `me`, of what one may have."""
    return Acs(access.text(mode), access.text(access.ME), access.text(mode & access.ME))


def desc(user: User, options: rq.GetOptions | None) -> Desc:
    """As oneself sees it; what has not changed since a time is left out."""
    updated = clock.text(user.updated)
    shown = Desc(
        updated=updated,
        touched=updated,
        acs=acs(user.me_want),
        defacs=DefacsOut(access.text(user.defacs_auth), access.text(user.defacs_anon)),
    )
    if changed_since(user.updated, options):
        shown.created = clock.text(user.created)
        shown.public, shown.trusted = raw(user.public), raw(user.trusted)
        shown.private = raw(user.private)
    return shown


def stranger_desc(user: User) -> Desc:
    """As everybody sees one: with the access that a chat of two would give."""
    return Desc(
        created=clock.text(user.created),
        updated=clock.text(user.updated),
        acs=Acs(mode=access.text(user.defacs_auth)),
        public=raw(user.public),
        trusted=raw(user.trusted),
    )
