"""Settings of the modules: processes of their own, `pipit module NAME`. See docs/modules.md.

The section is named as the module. Each has a listener for `/healthz` and `/metrics`.
"""

from typing import Annotated, Literal

from msgspec import Struct

from pipit.config.fields import Budget, Count, Port, about

EventName = Literal[
    "message.stored",
    "messages.deleted",
    "account.changed",
    "subscription.changed",
    "topic.changed",
]
"""The tags of pipit.bus.events."""


class Module(Struct, frozen=True, kw_only=True):
    """What every module has."""

    host: Annotated[str, about("Address of the module's listener.")] = "127.0.0.1"
    port: Annotated[Port, about("Its port; 0 takes a free one and prints which.")] = 0


class Member(Module, frozen=True, kw_only=True):
    """A module that writes messages: it logs in as a member, through the protocol."""

    url: Annotated[
        str,
        about(
            "Address of the service, `http://127.0.0.1:8080`; "
            "empty: made of `server.host` and `server.port`."
        ),
    ] = ""
    login: Annotated[str, about("Login name of the module's account (`pipit user add`).")] = ""
    password: Annotated[str, about("Its password.")] = ""
    password_file: Annotated[str, about("File that holds the password.")] = ""


class Example(Module, frozen=True, kw_only=True):
    """The module to copy: counts messages (`pipit module example`)."""

    port: Annotated[Port, about("Its port; 0 takes a free one and prints which.")] = 8083


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of events, by a POST to `url`."""

    name: str
    url: str
    topics: tuple[str, ...] = ("*",)
    events: tuple[EventName, ...] = ("message.stored",)
    allow_private: bool = False


class Hook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address at which other programs post into a topic."""

    name: str
    topic: str


class Webhooks(Member, frozen=True, kw_only=True):
    """Events as signed POSTs to other programs, and messages from them (`pipit module webhooks`).

    See [modules.md](modules.md#webhooks). Login and password are needed for incoming hooks only.
    """

    port: Annotated[Port, about("Its port; 0 takes a free one and prints which.")] = 8081
    targets: Annotated[
        tuple[Target, ...],
        about(
            "Who is told: `[{name: tickets, url: 'https://example.org/hook', topics: [grp…]}]`. "
            "`topics`: groups and channels, `'*'` for all; `events`: names of events; "
            "`allow_private`: whether the address may be on this network."
        ),
    ] = ()
    incoming: Annotated[
        tuple[Hook, ...],
        about("Who may post: `[{name: alarm, topic: grp…}]`."),
    ] = ()
    timeout: Annotated[int, about("Seconds that a target has to answer.", 1, 60)] = 10
    failures: Annotated[
        int, about("Failures in a row after which a target is left alone for a while.", 1, 20)
    ] = 5
    pause: Annotated[
        int, about("Seconds that it is left alone before it is tried again.", 1, 3600)
    ] = 60
    keep_hours: Annotated[
        int,
        about("Hours after which an event that cannot be delivered is put aside.", 1, 720),
    ] = 24
    posts_per_minute: Annotated[Count, about("Messages that one incoming hook may post.")] = 60


class ChatAI(Member, frozen=True, kw_only=True):
    """A member that answers with a language model (`pipit module chatai`).

    See [modules.md](modules.md#chatai). A budget of 0 is none. A day is one of UTC.
    """

    port: Annotated[Port, about("Its port; 0 takes a free one and prints which.")] = 8082
    name: Annotated[str, about("The name that members see.")] = "Assistant"
    endpoint: Annotated[
        str,
        about("Base URL of an OpenAI-compatible API, such as `http://127.0.0.1:11434/v1`."),
    ] = ""
    model: Annotated[str, about("The model's name at the endpoint.")] = ""
    api_key: Annotated[str, about("Key of the endpoint, if it wants one.")] = ""
    api_key_file: Annotated[str, about("File that holds `chatai.api_key`.")] = ""
    instructions: Annotated[str, about("What the model is told before each conversation.")] = (
        "You are a helpful member of a private chat. Answer briefly, in the language of the "
        "question, as plain text without Markdown."
    )
    context_messages: Annotated[
        int, about("Earlier messages of the topic that are sent along, at most.", 0, 200)
    ] = 20
    context_tokens: Annotated[
        int, about("Size of instructions, earlier messages and question, at most.", 100, 1_000_000)
    ] = 4000
    answer_tokens: Annotated[
        int, about("Size of one answer, at most; 0: left to the model.", 0, 100_000)
    ] = 800
    timeout: Annotated[int, about("Seconds that one answer may take.", 1, 3600)] = 120
    parallel: Annotated[int, about("Answers written at the same time.", 1, 64)] = 2
    requests_per_day: Annotated[Budget, about("Requests of one day.")] = 1000
    topic_requests_per_day: Annotated[Budget, about("Requests of one day for one topic.")] = 200
    tokens_per_day: Annotated[Budget, about("Tokens of one day, in and out.")] = 1_000_000
    topic_tokens_per_day: Annotated[Budget, about("Tokens of one day for one topic.")] = 200_000
    cost_per_day: Annotated[float, about("Cost of one day.", 0, 1_000_000)] = 0.0
    topic_cost_per_day: Annotated[float, about("Cost of one day for one topic.", 0, 1_000_000)] = (
        0.0
    )
    price_in: Annotated[float, about("Price of a million tokens sent.", 0, 1_000_000)] = 0.0
    price_out: Annotated[float, about("Price of a million tokens answered.", 0, 1_000_000)] = 0.0
    currency: Annotated[str, about("The currency of prices and costs, as it is shown.")] = "USD"
