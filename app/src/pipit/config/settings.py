"""Every setting: its type, its default, what it is for.

Each section of the settings file is a frozen struct. docs/settings.md is made from this file;
how the values get here (file, environment, secrets) is in load.py.
"""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from pipit.config.fields import Count, Port, about
from pipit.config.modules import ChatAI, Example, Webhooks

STOCK_API_KEY = "AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K"
"""The key that the published web, Android and iOS apps send. It names the app, it is no secret."""

BUILT_WEB_APP = Path(__file__).parents[3] / "web" / "dist"
"""Where app/web/build.py puts the web app in a source tree."""

SECRET_KEYS = frozenset(
    {
        ("mail", "password"),
        ("database", "password"),
        ("message_queue", "password"),
        ("metrics", "token"),
        ("webhooks", "password"),
        ("chatai", "password"),
        ("chatai", "api_key"),
    }
)
"""Values that never stand in the settings file: they come from `<key>_file` or the environment."""

PATH_KEYS = frozenset(
    {
        ("server", "socket"),
        ("server", "web_root"),
        ("database", "path"),
        ("database", "password_file"),
        ("data", "dir"),
        ("mail", "password_file"),
        ("message_queue", "password_file"),
        ("metrics", "token_file"),
        ("webhooks", "password_file"),
        ("chatai", "password_file"),
        ("chatai", "api_key_file"),
    }
)
"""Paths: a relative one starts at the settings file's folder, else at the working directory."""


class Server(Struct, frozen=True, kw_only=True):
    """Where Pipit listens, and for whom."""

    host: Annotated[str, about("Address to listen on; `0.0.0.0` or `::` means every network.")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, about("TCP port; 0 takes a free one and prints which.")] = 8080
    socket: Annotated[
        str,
        about("Unix socket to listen on instead of host and port, for a proxy in front."),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        about(
            "Addresses or networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed. "
            "What comes through the Unix socket is always believed."
        ),
    ] = ()
    web_root: Annotated[
        str,
        about(
            "Folder of the built web app, served at `/`; "
            "empty: `app/web/dist` of the source tree, if it was built."
        ),
    ] = ""
    api_keys: Annotated[
        tuple[str, ...],
        about("API keys that are let in; empty: the one that the published apps send."),
    ] = ()


class Database(Struct, frozen=True, kw_only=True):
    """Where accounts and messages are kept."""

    type: Annotated[
        Literal["sqlite", "mongodb"], about("The kind of database; SQLite needs no other server.")
    ] = "sqlite"
    path: Annotated[str, about("SQLite's file; empty: `pipit.db` in `data.dir`.")] = ""
    host: Annotated[
        str,
        about("Where MongoDB runs; of a replica set several, with commas: `one:27017,two:27017`."),
    ] = "127.0.0.1"
    port: Annotated[Port, about("MongoDB's port, for a host without one.")] = 27017
    name: Annotated[str, about("MongoDB's database for Pipit; it is made if it is not there.")] = (
        "im_database"
    )
    user: Annotated[str, about("MongoDB user, if it wants one; found in its database `admin`.")] = (
        ""
    )
    password: Annotated[str, about("Password of that user.")] = ""
    password_file: Annotated[str, about("File that holds `database.password`.")] = ""
    replica_set: Annotated[
        str, about("Name of MongoDB's replica set; empty: a server that stands alone.")
    ] = ""


class MessageQueue(Struct, frozen=True, kw_only=True):
    """How events reach whatever reacts to them."""

    type: Annotated[
        Literal["memory", "redis", "rabbitmq"],
        about("The kind of queue; `memory` stays within the process and needs no other server."),
    ] = "memory"
    host: Annotated[str, about("Where Redis or RabbitMQ runs.")] = "127.0.0.1"
    port: Annotated[
        Port, about("Its port; 0: the usual one, 6379 for Redis, 5672 for RabbitMQ.")
    ] = 0
    user: Annotated[
        str, about("Its user for Pipit; empty: `default` for Redis, `guest` for RabbitMQ.")
    ] = ""
    password: Annotated[str, about("The password of that user; empty for Redis: none.")] = ""
    password_file: Annotated[str, about("File that holds `message_queue.password`.")] = ""
    stream_max: Annotated[
        int,
        about(
            "Events that the queue keeps for modules that are behind; the oldest make room.",
            1000,
            100_000_000,
        ),
    ] = 100_000
    outbox_max: Annotated[
        int,
        about(
            "Events kept in the database while the queue is away; beyond it new ones are lost.",
            0,
            100_000_000,
        ),
    ] = 100_000


class Cluster(Struct, frozen=True, kw_only=True):
    """Several gateways, one service: docs/scaling.md. Needs MongoDB, and Redis as message queue."""

    enabled: Annotated[bool, about("Whether this gateway is one of several.")] = False
    name: Annotated[
        str, about("What this gateway is called among the others: `a`, `pi2`; no two are alike.")
    ] = ""
    listen: Annotated[
        str,
        about(
            "Where other gateways reach it: `host:port`, or the path of a Unix socket; "
            "empty: a socket in `data.dir`."
        ),
    ] = ""
    advertise: Annotated[
        str, about("The same as the others see it, if it differs: `192.168.1.12:7070`.")
    ] = ""
    lease_seconds: Annotated[
        int,
        about(
            "How long a gateway that falls silent keeps its conversations; "
            "for so long they wait when it dies.",
            1,
            60,
        ),
    ] = 3


class Data(Struct, frozen=True, kw_only=True):
    """Where Pipit keeps files of its own."""

    dir: Annotated[str, about("Folder for the database, uploaded files and generated keys.")] = (
        "data"
    )


class Accounts(Struct, frozen=True, kw_only=True):
    """Who gets in, and how passwords are kept."""

    signup: Annotated[
        Literal["open", "invite", "closed"],
        about(
            "Who may make an account: everyone, who was invited, "
            "or nobody but the operator (`pipit user add`)."
        ),
    ] = "open"
    token_days: Annotated[int, about("Days that a login lasts without the password.", 1, 3650)] = 14
    password_min: Annotated[int, about("Shortest password, in characters.", 1, 64)] = 4
    login_min: Annotated[int, about("Shortest login name, in characters.", 1, 32)] = 3
    email: Annotated[
        Literal["off", "optional", "required"],
        about(
            "Whether members confirm an e-mail address, which lets them reset a "
            "forgotten password. Needs `mail.host`."
        ),
    ] = "off"
    hash_memory_kib: Annotated[
        int,
        about(
            "Memory of one password hash (argon2id) in KiB. The default and "
            "`hash_time` follow OWASP's Password Storage Cheat Sheet.",
            8,
            4_194_304,
        ),
    ] = 19456
    hash_time: Annotated[int, about("Passes of one password hash over its memory.", 1, 100)] = 2
    hash_workers: Annotated[int, about("Password hashes computed at the same time.", 1, 64)] = 2


class Limits(Struct, frozen=True, kw_only=True):
    """How much one may ask for; who asks for more is told how long to wait.

    The defaults suit a school whose pupils all come from one address.
    """

    enabled: Annotated[bool, about("false switches all of them off.")] = True
    login_failures_per_hour_per_account: Annotated[
        Count, about("Wrong passwords for one account, from wherever they come.")
    ] = 30
    login_failures_per_hour_per_address: Annotated[
        Count, about("Wrong passwords from one network address, for whatever account.")
    ] = 300
    signups_per_hour_per_address: Annotated[
        Count, about("New accounts from one network address.")
    ] = 200
    codes_per_hour_per_recipient: Annotated[
        Count, about("Confirmation and reset codes mailed to one e-mail address.")
    ] = 5
    packets_per_second_per_session: Annotated[
        Count, about("Requests of one connection, lasting.")
    ] = 20
    packet_burst_per_session: Annotated[
        Count, about("Requests of one connection, at once after a rest.")
    ] = 200
    uploads_per_minute_per_user: Annotated[Count, about("Files that one member uploads.")] = 30
    connections_per_address: Annotated[
        Count, about("Connections open at the same time from one network address.")
    ] = 2000


class Messages(Struct, frozen=True, kw_only=True):
    """What a conversation may hold."""

    max_bytes: Annotated[
        int,
        about(
            "Largest request in bytes; the apps send larger pictures as files.", 4096, 16_777_216
        ),
    ] = 131_072
    delete_age: Annotated[
        int,
        about(
            "Seconds in which one may delete an own message for everyone; 0: always.",
            0,
            3_155_760_000,
        ),
    ] = 600
    max_members: Annotated[int, about("Most members of a group.", 2, 100_000)] = 5000


class Files(Struct, frozen=True, kw_only=True):
    """What members upload."""

    max_bytes: Annotated[int, about("Largest file in bytes.", 1024, 10_737_418_240)] = 8_388_608
    quota_bytes: Annotated[
        int,
        about(
            "Bytes that one member's files may take together; 0: no limit.", 0, 1_099_511_627_776
        ),
    ] = 1_073_741_824
    unlinked_hours: Annotated[
        int,
        about("Hours after which an upload that was never sent is removed.", 1, 8760),
    ] = 24


class IceServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A STUN or TURN server, as browsers take it (RTCIceServer)."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


class Calls(Struct, frozen=True, kw_only=True):
    """Voice and video calls, which go from device to device."""

    ice_servers: Annotated[
        tuple[IceServer, ...],
        about(
            "STUN and TURN servers, told to every member's app: "
            "`[{urls: ['turn:turn.lan:3478'], username: …, credential: …}]`; empty: no calls."
        ),
    ] = ()
    timeout: Annotated[int, about("Seconds that a call rings.", 5, 600)] = 30


class Mail(Struct, frozen=True, kw_only=True):
    """The mail server for confirmation and reset codes."""

    host: Annotated[str, about("SMTP server; empty: no mail is sent.")] = ""
    port: Annotated[Port, about("Its port.")] = 587
    user: Annotated[str, about("Login name at the SMTP server, if it wants one.")] = ""
    password: Annotated[str, about("Password at the SMTP server.")] = ""
    password_file: Annotated[str, about("File that holds `mail.password`.")] = ""
    sender: Annotated[str, about("Address in From, such as `pipit@example.org`.")] = ""
    tls: Annotated[
        Literal["starttls", "tls", "none"],
        about("Encryption: after connecting (587), from the start (465), or none."),
    ] = "starttls"


class Metrics(Struct, frozen=True, kw_only=True):
    """Figures for Prometheus at `/metrics`. Off unless one of port and token is set."""

    host: Annotated[str, about("Address of the separate listener.")] = "127.0.0.1"
    port: Annotated[Port, about("Port of a separate listener; 0: none.")] = 0
    token: Annotated[
        str,
        about("Opens `/metrics` on the main port to `Authorization: Bearer <token>`."),
    ] = ""
    token_file: Annotated[str, about("File that holds `metrics.token`.")] = ""


class Log(Struct, frozen=True, kw_only=True):
    """What the service writes to standard error; never what members write, and no secrets."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], about("Least level that is written.")
    ] = "info"
    format: Annotated[Literal["text", "json"], about("For people, or one JSON object a line.")] = (
        "text"
    )


class Settings(Struct, frozen=True, kw_only=True):
    """All settings. `pipit.config.load` makes them from a file and the environment."""

    server: Server = Server()
    database: Database = Database()
    message_queue: MessageQueue = MessageQueue()
    cluster: Cluster = Cluster()
    data: Data = Data()
    accounts: Accounts = Accounts()
    limits: Limits = Limits()
    messages: Messages = Messages()
    files: Files = Files()
    calls: Calls = Calls()
    mail: Mail = Mail()
    metrics: Metrics = Metrics()
    webhooks: Webhooks = Webhooks()
    chatai: ChatAI = ChatAI()
    example: Example = Example()
    log: Log = Log()

    @property
    def data_dir(self) -> Path:
        """The folder for everything Pipit keeps."""
        return Path(self.data.dir)

    @property
    def database_path(self) -> Path:
        """SQLite's file."""
        return Path(self.database.path) if self.database.path else self.data_dir / "pipit.db"

    @property
    def files_dir(self) -> Path:
        """The folder of uploaded files."""
        return self.data_dir / "files"

    @property
    def keys_dir(self) -> Path:
        """The folder of generated keys."""
        return self.data_dir / "keys"

    @property
    def cluster_listen(self) -> str:
        """Where other gateways reach this one: `host:port`, or the path of a Unix socket."""
        path = self.data_dir.absolute() / f"cluster-{self.cluster.name}.sock"
        return self.cluster.listen or str(path)

    @property
    def web_root(self) -> Path | None:
        """The folder of the web app, or None where it was not built."""
        if self.server.web_root:
            return Path(self.server.web_root)
        return BUILT_WEB_APP if BUILT_WEB_APP.is_dir() else None

    @property
    def api_keys(self) -> frozenset[str]:
        """The API keys that are let in."""
        return frozenset(self.server.api_keys or (STOCK_API_KEY,))
