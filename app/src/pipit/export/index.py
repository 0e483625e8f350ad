"""The first page of an export: who it is about, and where everything is."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from pipit import __version__
from pipit.core import cards, clock
from pipit.export import pages
from pipit.export.conversations import Conversation
from pipit.store.records import FileRecord, User


def index(
    user: User,
    profile: dict[str, Any],
    conversations: Sequence[Conversation],
    uploads: Sequence[tuple[FileRecord, str]],
) -> bytes:
    """The page. Uploads come with their paths in the archive."""
    name = cards.full_name(user.public) or str(profile["login"] or user.id)
    return pages.page(
        name,
        [
            *_profile(user, profile),
            f"<h2>Conversations: {len(conversations)}</h2>\n",
            pages.table(_conversation(one) for one in conversations),
            f"<h2>Uploaded files: {len(uploads)}</h2>\n",
            pages.table(_upload(record, path) for record, path in uploads),
            f"<p>Written on {_day(clock.now_ms())} by Pipit {__version__}; all times are UTC. "
            f"For programs: {pages.link('profile.json', 'profile.json')}, and in each folder of "
            "conversations about.json and messages.jsonl.</p>",
        ],
    )


def _profile(user: User, profile: dict[str, Any]) -> Iterable[str]:
    if photo := cards.photo(user.public):
        yield pages.picture(*photo)
    credentials = [f"{one['method']} {one['value']}" for one in profile["credentials"]]
    yield pages.table(
        [
            ("Login", escape(profile["login"] or "none")),
            ("Id", escape(user.id)),
            ("Member since", _day(user.created)),
            ("Addresses", escape(", ".join(credentials) or "none")),
            ("Tags", escape(", ".join(user.tags) or "none")),
        ]
    )


def _conversation(one: Conversation) -> tuple[str, str]:
    what = pages.link(f"{one.folder}/{pages.page_name(1)}", one.title or one.kind)
    return _day(one.contact.touched), f"{what} ({one.kind}, {one.messages:,} messages)"


def _upload(record: FileRecord, path: str) -> tuple[str, str]:
    name = record.name or record.id
    what = pages.link(path, name) if path else f"{escape(name)} (its content is lost)"
    return _day(record.created), f"{what} ({record.size:,} bytes)"


def _day(ms: int) -> str:
    return clock.text(ms)[:10]
