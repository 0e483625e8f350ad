"""Control messages: what every process of the service has to know at once.

They are not kept: a process that could not be reached is told `Missed` when it can be again, and
then reads from the store what it needs.
"""

from typing import Any

import msgspec


class Control(msgspec.Struct, tag_field="control", frozen=True):
    """Something for all processes."""


class StandingChanged(Control, tag="account.standing", frozen=True):
    """An account's earlier tokens and sessions are over.

    It has a new password, or was suspended, restored or deleted. `generation` and `state` are
    User.token_gen and User.state as they are stored now.
    """

    user: str
    generation: int
    state: str


class SettingsChanged(Control, tag="settings.changed", frozen=True):
    """Settings of a section that may change while the service runs were stored anew."""

    section: str


class Missed(Control, tag="missed", frozen=True):
    """Messages may have been missed: this process has just come into, or back into, contact.

    Told within the process; nobody sends it.
    """


AnyControl = StandingChanged | SettingsChanged | Missed

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyControl)


def encode(control: AnyControl) -> bytes:
    """A control message as JSON text."""
    return msgspec.json.encode(control)


def decode(text: bytes) -> AnyControl:
    """The control message in a JSON text. Raises msgspec.DecodeError."""
    control: AnyControl = _decoder.decode(text)
    return control
