"""The codes and texts of {ctrl}; some texts are compared by clients, so they are exact
(protocol.md, 12).
"""

from typing import Any, NamedTuple

import msgspec


class Status(NamedTuple):
    """A code, as in HTTP, and its text."""

    code: int
    text: str


OK = Status(200, "ok")
CREATED = Status(201, "created")
ACCEPTED = Status(202, "accepted")
NO_CONTENT = Status(204, "no content")
EVICTED = Status(205, "evicted")
SHUTDOWN = Status(205, "server shutdown")
DELIVERED = Status(208, "delivered")
VALIDATE = Status(300, "validate credentials")
AUTH_RESET = Status(301, "auth reset")
ALREADY_SUBSCRIBED = Status(304, "already subscribed")
NOT_JOINED = Status(304, "not joined")
NOT_MODIFIED = Status(304, "not modified")
NO_ACTION = Status(304, "no action")
MALFORMED = Status(400, "malformed")
AUTH_REQUIRED = Status(401, "authentication required")
AUTH_FAILED = Status(401, "authentication failed")
UNKNOWN_SCHEME = Status(401, "unknown authentication scheme")
DENIED = Status(403, "permission denied")
API_KEY_REQUIRED = Status(403, "valid API key required")
SESSION_EXPIRED = Status(403, "invalid or expired session")
NOT_FOUND = Status(404, "not found")
TOPIC_NOT_FOUND = Status(404, "topic not found")
USER_NOT_FOUND = Status(404, "user not found")
METHOD_NOT_ALLOWED = Status(405, "operation or method not allowed")
ALREADY_AUTHENTICATED = Status(409, "already authenticated")
OUT_OF_SEQUENCE = Status(409, "command out of sequence")
ATTACH_FIRST = Status(409, "must attach first")
DUPLICATE = Status(409, "duplicate credential")
TOO_LARGE = Status(413, "too large")
POLICY = Status(422, "policy violation")
TOO_MANY = Status(429, "too many requests")
INTERNAL = Status(500, "internal error")
NOT_IMPLEMENTED = Status(501, "not implemented")
UNAVAILABLE = Status(503, "service unavailable")
VERSION = Status(505, "version not supported")


class Refused(Exception):
    """A request cannot be done; what its sender is answered.

    `params` go into the {ctrl} as they are, e.g. {"what": "auth"}; UNSET leaves them out.
    """

    def __init__(self, status: Status, params: Any = msgspec.UNSET) -> None:
        super().__init__(status.text)
        self.status = status
        self.params = params
