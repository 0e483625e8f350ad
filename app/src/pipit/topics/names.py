"""From the name a client uses to the topic's internal name, and back (protocol.md, section 4.1)."""

from functools import lru_cache

from pipit.core import ids
from pipit.wire import status
from pipit.wire.status import Refused

FIND = "fnd"
SYSTEM = "sys"
NEW_GROUP, NEW_CHANNEL = "new", "nch"


@lru_cache(maxsize=65536)
def internal_name(user: str, name: str) -> str:
    """The internal name of what `user` calls `name`: me…, slf…, p2p…, grp…, `fnd`, `sys`.

    Raises Refused: 400 for a broken user id, 403 for one's own, 404 for what no topic can be
    called.
    """
    match name[:3]:
        case "me" if name == "me":
            return me_name(user)
        case "slf" if name == "slf":
            return ids.slf_name(user)
        case "fnd" | "sys" if len(name) == 3:
            return name
        case "usr":
            return _p2p(user, name)
        case "grp" | "chn" if len(name) == 3 + ids.ID_LETTERS:
            return ids.as_group(name)
    raise Refused(status.TOPIC_NOT_FOUND)


def me_name(user: str) -> str:
    """The internal name of a user's own topic."""
    return "me" + user[3:]


def is_channel_name(name: str) -> bool:
    """Whether a client asks for a channel as its reader."""
    return name.startswith("chn")


def _p2p(user: str, name: str) -> str:
    if not ids.is_user_id(name):
        raise Refused(status.MALFORMED)
    if name == user:
        raise Refused(status.DENIED)
    return ids.p2p_name(user, name)
