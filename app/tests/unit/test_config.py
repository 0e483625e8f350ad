"""Settings: where they come from, and what is said about wrong ones."""

from pathlib import Path

import pytest

from pipit.config import ConfigError, Settings, load
from pipit.config.reference import Key, keys_of, sections
from tools import settings_reference

ALL_KEYS = [key for section in sections() for key in keys_of(section).values()]
MAIL = {"PIPIT_MAIL_HOST": "mail.lan", "PIPIT_MAIL_SENDER": "pipit@example.org"}
LISTS = {
    "calls.ice_servers": "[{urls: ['stun:turn.lan']}]",
    "webhooks.targets": "[{name: one, url: 'https://example.org/hook', topics: [grpAAAAAAAAAAE]}]",
    "webhooks.incoming": "[{name: two, topic: grpAAAAAAAAAAE}]",
}
CLUSTER = {
    "PIPIT_DATABASE_TYPE": "mongodb",
    "PIPIT_MESSAGE_QUEUE_TYPE": "redis",
    "PIPIT_CLUSTER_NAME": "a",
}
"""What `cluster.enabled` needs."""

SECRETS = {key.variable: "s3cret" for key in ALL_KEYS if key.secret}


def complaint(path: Path | None = None, **environ: str) -> str:
    """The one line that wrong settings lead to."""
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def another_value(key: Key) -> str:
    """A value that the key takes and that is not its default."""
    if key.allowed.startswith("a whole number"):
        return str(key.default + 1)
    if key.allowed == "true or false":
        return str(not key.default).lower()
    if key.allowed.startswith("a number"):
        return str(key.default + 0.5)
    if key.allowed.startswith("a list of {"):
        return LISTS[key.dotted]
    text = "http://pipit.lan" if key.name in ("url", "endpoint") else "me@lan"
    choices = {"text": [text], "a list of texts": ["10.0.0.1"]}
    options = choices.get(key.allowed, key.allowed.split(" or "))
    return next((value for value in options if value != key.default), key.default)


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return tmp_path / "pipit.yaml"


def test_nothing_set_gives_the_defaults() -> None:
    assert load(None, {}) == Settings()


def test_an_empty_file_and_an_empty_section_give_the_defaults(settings_file: Path) -> None:
    settings_file.write_text("# nothing yet\nserver:\n")
    assert load(settings_file, {}) == Settings()


def test_the_environment_wins_over_the_file(settings_file: Path) -> None:
    settings_file.write_text("server: {port: 8000, host: 10.0.0.1}\n")
    server = load(settings_file, {"PIPIT_SERVER_PORT": "9000"}).server
    assert (server.port, server.host) == (9000, "10.0.0.1")


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.variable)
def test_every_key_can_be_set_by_its_variable(key: Key) -> None:
    needed = MAIL | SECRETS | (CLUSTER if key.dotted == "cluster.enabled" else {})
    settings = load(None, needed | {key.variable: another_value(key)})
    found = getattr(getattr(settings, key.section), key.name)
    only_choice = key.allowed == key.default
    assert (found == key.default) is only_choice


def test_a_list_in_a_variable_is_written_with_commas_or_as_yaml() -> None:
    for text in ("10.0.0.0/8, ::1", "['10.0.0.0/8', '::1']"):
        settings = load(None, {"PIPIT_SERVER_TRUSTED_PROXIES": text})
        assert settings.server.trusted_proxies == ("10.0.0.0/8", "::1")


def test_values_that_yaml_would_turn_into_something_else_stay_as_written(
    settings_file: Path,
) -> None:
    settings_file.write_text("accounts: {email: off}\nmail: {user: 0123, tls: none}\n")
    settings = load(settings_file, SECRETS)
    assert settings.accounts.email == "off"
    assert settings.mail.user == "0123"


def test_a_relative_path_starts_at_the_file_or_at_the_working_directory(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_file.write_text("data: {dir: here}\n")
    monkeypatch.chdir("/")
    assert load(settings_file, {}).data_dir == settings_file.parent / "here"
    assert load(settings_file, {"PIPIT_DATA_DIR": "there"}).data_dir == Path("/there")


def test_everything_kept_is_in_the_data_folder_unless_said_otherwise() -> None:
    settings = load(None, {"PIPIT_DATA_DIR": "/srv/pipit"})
    kept = {settings.database_path, settings.files_dir, settings.keys_dir}
    assert {path.parent for path in kept} == {Path("/srv/pipit")}
    elsewhere = load(None, {"PIPIT_DATABASE_PATH": "/fast/chat.db"})
    assert elsewhere.database_path == Path("/fast/chat.db")


def test_the_key_of_the_published_apps_is_let_in_unless_others_are_set() -> None:
    assert load(None, {}).api_keys == {"AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K"}
    assert load(None, {"PIPIT_SERVER_API_KEYS": "mine, yours"}).api_keys == {"mine", "yours"}


def test_a_secret_comes_from_a_file_of_its_own(settings_file: Path) -> None:
    settings_file.write_text("metrics: {token_file: token}\n")
    (settings_file.parent / "token").write_text("s3cret\n")
    assert load(settings_file, {}).metrics.token == "s3cret"
    assert load(settings_file, {"PIPIT_METRICS_TOKEN": "other"}).metrics.token == "other"


def test_a_secret_in_the_settings_file_is_refused_and_not_repeated(settings_file: Path) -> None:
    settings_file.write_text("mail: {password: hunter2}\n")
    said = complaint(settings_file)
    assert said.startswith(f"{settings_file}: mail.password: ")
    assert "mail.password_file" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("content", [None, b"", b"\xff"])
def test_a_secret_file_that_gives_no_secret_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    assert f"metrics.token_file: {path} " in complaint(PIPIT_METRICS_TOKEN_FILE=str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("serve: {port: 1}", "unknown section serve; did you mean server?"),
        ("server: {prot: 1}", "unknown key server.prot; did you mean port?"),
        ("log: {colour: red}", "unknown key log.colour; allowed: level, format"),
        (
            "server: {port: http}",
            "server.port: found http, allowed: a whole number from 0 to 65535",
        ),
        ("server: {port: 65536}", "server.port: found 65536, allowed: a whole number from 0 to"),
        ("server: {port: }", "server.port: found nothing, allowed: a whole number"),
        ("server: {port: [1]}", "server.port: found ['1'], allowed: a whole number"),
        ("server: 8080", "server: found 8080, allowed: keys below it"),
        ("limits: {enabled: yes}", "limits.enabled: found yes, allowed: true or false"),
        ("database: {type: oracle}", "database.type: found oracle, allowed: mongodb or sqlite"),
        ("database: {type: mongodb, name: a.b}", "database.name: found a.b, allowed: 1 to 63 of"),
        ("database: {type: mongodb, host: 'a,'}", "database.host: found a,, allowed: a host, or"),
        (
            "database: {type: mongodb, user: pipit}",
            "database.password_file: found nothing, allowed: the file with the password",
        ),
        ("calls: {ice_servers: [{url: x}]}", "allowed: a list of {urls, username, credential}"),
        ("server: {trusted_proxies: [nginx]}", "server.trusted_proxies: found nginx, allowed: an"),
        ("accounts: {email: required}", "accounts.email: found required, allowed: off, unless"),
        ("mail: {host: mail.lan}", "mail.sender: found nothing, allowed: an e-mail address"),
        ("files: {quota_bytes: 5}", "files.quota_bytes: found 5, allowed: 0 or at least 8388608"),
        (f"server: {{socket: /{'x' * 107}}}", "allowed: at most 107 bytes"),
        ("data: {dir: ''}", "data.dir: found nothing, allowed: a folder"),
        ("just text", "found just text, allowed: server, database, message_queue"),
        ("server: {port: 1", "is not YAML: "),
    ],
)
def test_what_is_wrong_in_the_file_is_said_in_one_line(
    settings_file: Path, content: str, said: str
) -> None:
    settings_file.write_text(content)
    line = complaint(settings_file)
    assert line.startswith(f"{settings_file}: ")
    assert said in line


def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.yaml").endswith(
        "none.yaml: cannot be read: No such file or directory"
    )
    (tmp_path / "latin.yaml").write_bytes(b"server: {host: \xff}")
    assert complaint(tmp_path / "latin.yaml").endswith("latin.yaml: is not UTF-8 text")


def test_what_is_wrong_in_the_environment_is_said_with_the_variable() -> None:
    said = complaint(PIPIT_SERVER_PORT="http")
    assert said.startswith("environment variable PIPIT_SERVER_PORT: found http, allowed: a whole")
    said = complaint(PIPIT_SERVER_PROT="1")
    assert (
        said == "environment: unknown variable PIPIT_SERVER_PROT; did you mean PIPIT_SERVER_PORT?"
    )


def test_variables_of_others_are_left_alone() -> None:
    assert load(None, {"PATH": "/bin", "PIPIT_CONFIG": "x", "PIPITS": "1"}) == Settings()


def test_the_settings_reference_in_the_docs_is_current() -> None:
    current = settings_reference.TARGET.read_text("utf-8")
    assert current == settings_reference.page(), "run `make docs`"
