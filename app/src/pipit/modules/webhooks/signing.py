"""Signatures of deliveries, as Standard Webhooks 1.0 has them, for which libraries exist.

The key of a target is a text, `whsec_` and base64. Signed is `<id>.<timestamp>.<body>`.
"""

import base64
import hashlib
import hmac

PREFIX = "whsec_"
KEY_BYTES = 32
"""As long as the digest of HMAC-SHA-256; the specification allows 24 to 64."""


def key_text(key: bytes) -> str:
    """A key as it is shown and kept."""
    return PREFIX + base64.b64encode(key).decode()


def key_of(text: str) -> bytes:
    """The key in a text. Raises ValueError."""
    if not text.startswith(PREFIX):
        raise ValueError(f"a key begins with {PREFIX}")
    return base64.b64decode(text.removeprefix(PREFIX), validate=True)


def headers(key: bytes, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one try; `timestamp` is its time, in seconds since 1970."""
    signed = b"%s.%d.%s" % (event_id.encode(), timestamp, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
