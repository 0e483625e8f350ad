"""What can go wrong: every error of the SDK is an `SdkError`."""

from typing import Any


class SdkError(Exception):
    """Any error of the SDK. `is_passing`: it may work a little later, without any change."""

    is_passing = False


class ConnectionLost(SdkError):
    """There is no connection, or it broke before the answer came.

    What was asked may have been done: the client repeats nothing by itself.
    """

    is_passing = True


class RequestTimeout(SdkError, TimeoutError):
    """The server did not answer in time; what was asked may have been done."""

    is_passing = True


class RequestRefused(SdkError):
    """The server said no.

    `code` and `text` are those of docs/protocol.md ("Codes"), such as 403 "permission denied";
    `params` say more, e.g. {"what": "auth"}, or are empty.
    """

    def __init__(self, what: str, code: int, text: str, params: Any = None) -> None:
        """`what` was asked, in words for people: "login"."""
        super().__init__(f"{what} was refused: {text} ({code})")
        self.code = code
        self.text = text
        self.params: dict[str, Any] = params if isinstance(params, dict) else {}
        self.is_passing = code == 429 or code >= 500

    @property
    def wait(self) -> float | None:
        """Seconds after which to try again, if the server asked for too much (429)."""
        return float(self.params.get("wait", 1)) if self.code == 429 else None


class ConfirmationNeeded(SdkError):
    """The account wants a code that was mailed; see `Client.confirm`.

    `methods` name what is to be confirmed: ["email"].
    """

    def __init__(self, methods: list[str]) -> None:
        super().__init__(f"a code was sent, to confirm: {', '.join(methods) or 'the account'}")
        self.methods = methods


class Detached(SdkError):
    """The server took the client out of a topic: removed, banned, or the topic was deleted."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic}: no longer subscribed")
        self.topic = topic
