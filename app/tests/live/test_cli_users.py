"""`pipit user …`: on a data folder at rest, and on a running service."""

import csv
import fcntl
import json
import os
import pty
import stat
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import StartServer
from tests.live.people import group, people, rows, say, unique
from tests.support.client import Client, connect
from tests.support.command import done, pipit
from tests.support.server import Server

PASSWORD = "secret123"


async def add(folder: Path, login: str, *options: str) -> None:
    await done(folder, "user", "add", login, "--password-stdin", *options, stdin=f"{PASSWORD}\n")


async def accounts(folder: Path) -> dict[str, Any]:
    lines = (await done(folder, "user", "list", "--json")).splitlines()
    return {account["login"]: account for account in map(json.loads, lines)}


async def login_code(server: Server, login: str, password: str = PASSWORD) -> int:
    """The code that a login gets."""
    async with connect(server) as client:
        try:
            return int((await client.login(login, password))["code"])
        except AssertionError as refused:
            return int(refused.args[0]["code"])


# -- making ----------------------------------------------------------------------------------------


async def test_an_account_made_at_rest_can_log_in_once_the_service_runs(
    tmp_path: Path, start_server: StartServer
) -> None:
    await add(tmp_path, "ada", "--fn", "Ada Byron")
    async with connect(start_server(data_dir=tmp_path)) as client:
        await client.login("ada")
        desc = (await client.request("get", topic="me", what="desc")).get("desc", {})
        assert desc.get("public") == {"fn": "Ada Byron"}


async def test_an_account_made_while_the_service_runs_can_log_in_at_once(server: Server) -> None:
    login = unique("grace")
    out = await done(server.data_dir, "user", "add", login.upper(), "--generate")
    password = out.rpartition("password: ")[2].strip()
    assert await login_code(server, login, password) == 200


async def test_an_account_can_be_made_for_one_who_may_do_everything(server: Server) -> None:
    login = unique("root")
    await add(server.data_dir, login, "--root")
    async with connect(server) as client:
        assert (await client.login(login))["params"]["authlvl"] == "root"


async def test_what_is_wrong_with_an_account_is_told_in_a_sentence(server: Server) -> None:
    login = unique("twice")
    await add(server.data_dir, login)
    for name, password, said in (
        (login, PASSWORD, f"login {login!r} is taken"),
        ("x y", PASSWORD, "login 'x y': letters, digits and"),
        ("short", "abc", "the password is too short: at least 4 characters"),
    ):
        arguments = ("user", "add", name, "--password-stdin")
        outcome = await pipit(server.data_dir, *arguments, stdin=password)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.startswith(f"pipit: {said}")


async def test_without_a_terminal_a_password_has_to_come_from_somewhere(tmp_path: Path) -> None:
    outcome = await pipit(tmp_path, "user", "add", "ada")
    assert outcome.code == 1
    assert "--password-stdin or --generate" in outcome.err


# -- changing --------------------------------------------------------------------------------------


async def test_a_new_password_ends_sessions_tokens_and_the_old_password(server: Server) -> None:
    async with people(server, "alice") as [alice]:
        login = (await accounts_by_id(server))[alice.user]
        await done(server.data_dir, "user", "passwd", login, "--password-stdin", stdin="other-one")
        await evicted(alice)
        async with connect(server) as again:
            with pytest.raises(AssertionError, match="401"):
                await again.login_token(alice.token)
        assert await login_code(server, login) == 401
        assert await login_code(server, login, "other-one") == 200


async def test_a_suspended_account_is_out_at_once_and_may_come_back(server: Server) -> None:
    async with people(server, "alice") as [alice]:
        login = (await accounts_by_id(server))[alice.user]
        out = await done(server.data_dir, "user", "suspend", login)
        assert "suspended and logged out" in out
        await evicted(alice)
        assert await login_code(server, login) == 403
        assert (await accounts(server.data_dir))[login]["state"] == "susp"
        assert "was suspended before" in await done(server.data_dir, "user", "suspend", login)
        await done(server.data_dir, "user", "restore", login)
        assert await login_code(server, login) == 200


async def test_a_suspension_at_rest_holds_when_the_service_runs(
    tmp_path: Path, start_server: StartServer
) -> None:
    await add(tmp_path, "ada")
    await done(tmp_path, "user", "suspend", "ada")
    assert await login_code(start_server(data_dir=tmp_path), "ada") == 403


async def test_deleting_an_account_takes_its_groups_along_and_tells_its_partners(
    server: Server,
) -> None:
    async with people(server, "alice", "bob") as [alice, bob]:
        team = await group(alice)
        await bob.request("sub", topic=team)
        await alice.request("sub", topic=bob.user)
        await say(alice, bob.user, "bye")
        await done(server.data_dir, "user", "delete", alice.user, "--yes")
        await evicted(alice)
        gone = {(await bob.next("pres", topic="me", what="gone"))["src"] for _ in range(2)}
        assert gone == {alice.user, team}
        assert team not in await rows(bob)
        assert alice.user not in (await accounts_by_id(server))


async def test_deleting_at_rest_leaves_nothing_of_an_account_either(
    tmp_path: Path, start_server: StartServer
) -> None:
    first = start_server(data_dir=tmp_path)
    async with connect(first) as ada, connect(first) as bob:
        await ada.signup("ada")
        await bob.signup("bob")
        await bob.request("sub", topic="me")
        team = await group(ada, bob)
    first.stop()
    await done(tmp_path, "user", "delete", "ada", "--yes")
    second = start_server(data_dir=tmp_path)
    async with connect(second) as bob:
        await bob.login("bob")
        await bob.request("sub", topic="me")
        assert team not in await rows(bob)
        await bob.request("acc", user="new", scheme="basic", secret="YWRhOnNlY3JldDEyMw==")  # ada
    assert await login_code(second, "ada") == 200


async def test_nothing_is_deleted_where_nobody_can_be_asked(server: Server) -> None:
    login = unique("ada")
    await add(server.data_dir, login)
    outcome = await pipit(server.data_dir, "user", "delete", login)
    assert outcome.code == 1
    assert "nothing was deleted" in outcome.err
    assert login in await accounts(server.data_dir)


@pytest.mark.parametrize(("typed", "left"), [("ada", set()), ("yes", {"ada"})])
async def test_at_a_terminal_the_name_has_to_be_typed(
    tmp_path: Path, typed: str, left: set[str]
) -> None:
    await add(tmp_path, "ada")
    terminal, keyboard = pty.openpty()
    os.write(terminal, f"{typed}\n".encode())
    await pipit(tmp_path, "user", "delete", "ada", stdin=keyboard)
    os.close(keyboard)
    os.close(terminal)
    assert set(await accounts(tmp_path)) == left


async def test_an_unknown_name_is_told(server: Server) -> None:
    for action in (("suspend",), ("restore",), ("delete", "--yes"), ("passwd", "--generate")):
        outcome = await pipit(server.data_dir, "user", action[0], "nobody", *action[1:])
        assert outcome.code == 1
        assert "no account is called 'nobody'" in outcome.err


async def test_a_name_cannot_command_the_terminal(tmp_path: Path) -> None:
    await add(tmp_path, "eve", "--fn", "Eve\x1b[2J\nok")
    out = await done(tmp_path, "user", "list")
    assert "\x1b" not in out
    assert "Eve?[2J?ok" in out


# -- the control socket ----------------------------------------------------------------------------


async def test_the_control_socket_is_its_owners_alone_and_gone_after_a_clean_end(
    start_server: StartServer,
) -> None:
    server = start_server()
    path = server.data_dir / "control.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    server.stop()
    assert not path.exists()


async def test_a_socket_that_a_killed_service_left_is_in_nobodys_way(
    start_server: StartServer,
) -> None:
    server = start_server()
    server.kill()
    assert (server.data_dir / "control.sock").exists()
    await add(server.data_dir, "ada")
    again = start_server(data_dir=server.data_dir)
    await add(again.data_dir, "grace")
    assert await login_code(again, "ada") == 200
    assert await login_code(again, "grace") == 200


async def test_a_deep_data_folder_works_although_its_path_is_too_long_for_a_socket(
    tmp_path: Path, start_server: StartServer
) -> None:
    server = start_server(data_dir=tmp_path / ("d" * 120))
    await add(server.data_dir, "ada")
    assert await login_code(server, "ada") == 200


async def test_nonsense_on_the_control_socket_is_refused(server: Server) -> None:
    connector = aiohttp.UnixConnector(str(server.data_dir / "control.sock"))
    async with aiohttp.ClientSession("http://pipit", connector=connector) as http:
        for body in (b"", b"[]", b'{"type":"Explode"}', b'{"type":"Suspend","user":7}'):
            async with http.post("/", data=body) as response:
                assert response.status == 400
    assert await accounts(server.data_dir) is not None


async def test_a_database_in_other_hands_is_told_with_the_process(tmp_path: Path) -> None:
    await add(tmp_path, "ada")
    with (tmp_path / "pipit.db.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        outcome = await pipit(tmp_path, "user", "list")
    assert outcome.code == 1
    assert "is in use by process" in outcome.err


# -- importing -------------------------------------------------------------------------------------


def write_csv(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "people.csv"
    path.write_text(text, encoding)
    return path


async def test_people_are_imported_with_passwords_made_up_and_noted_for_the_owner_alone(
    tmp_path: Path, server: Server
) -> None:
    ada, bob = unique("ada"), unique("bob")
    path = write_csv(
        tmp_path,
        f'login,name,password,tags\n{ada},Ada Byron,,"maths; 7b"\n{bob},Bob Öz,own-pass,\n',
    )
    out = await done(server.data_dir, "user", "import", path)
    assert "2 accounts were made." in out
    noted = tmp_path / "people.passwords.csv"
    assert stat.S_IMODE(noted.stat().st_mode) == 0o600
    [(login, name, password)] = csv.reader(noted.read_text().splitlines())
    assert (login, name) == (ada, "Ada Byron")
    assert await login_code(server, ada, password) == 200
    assert await login_code(server, bob, "own-pass") == 200
    async with connect(server) as client:
        await client.login(ada, password)
        await client.request("sub", topic="me")
        tags = (await client.request("get", topic="me", what="tags"))["tags"]
    assert tags == ["7b", f"basic:{ada}", "maths"]


async def test_an_import_can_be_repeated(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "login,name\nada,Ada\n")
    await done(tmp_path, "user", "import", path)
    path.write_text("login,name\nada,Ada\ngrace,Grace\n")
    out = await done(tmp_path, "user", "import", path)
    assert "line 2: ada has an account already, passed over" in out
    assert "1 accounts were made." in out
    assert set(await accounts(tmp_path)) == {"ada", "grace"}
    noted = (tmp_path / "people.passwords.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in noted] == ["ada", "grace"]


async def test_a_password_made_up_for_an_account_that_never_came_is_used_again(
    tmp_path: Path, start_server: StartServer
) -> None:
    (tmp_path / "people.passwords.csv").write_text("ada,Ada,left-from-before\n")
    data = tmp_path / "data"
    await done(data, "user", "import", write_csv(tmp_path, "login,name\nada,Ada\n"))
    assert await login_code(start_server(data_dir=data), "ada", "left-from-before") == 200


BAD = """\
login,name,password,email,tags
ada,Ada,,,
x,Too Short,,,
grace,Grace,abc,,
ada,Ada Again,,,
linus,,,,
margaret,Margaret,,,basic:ada
few,Few
"""


async def test_every_bad_line_is_told_and_nothing_is_imported(tmp_path: Path) -> None:
    path = write_csv(tmp_path, BAD)
    outcome = await pipit(tmp_path, "user", "import", path)
    assert outcome.code == 1
    assert outcome.out.splitlines()[:-1] == [
        f"{path}:3: login 'x': 3 to 32 characters",
        f"{path}:4: the password is too short: at least 4 characters",
        f"{path}:5: login 'ada': line 2 has it already",
        f"{path}:6: name: found nothing, allowed: a full name",
        f"{path}:7: tags: found ['basic:ada'], which only the server gives",
        f"{path}:8: found 2 cells, allowed: 5, as in the first line",
    ]
    assert await accounts(tmp_path) == {}


async def test_bad_lines_can_be_left_out(tmp_path: Path) -> None:
    out = await done(tmp_path, "user", "import", write_csv(tmp_path, BAD), "--skip-bad")
    assert "1 accounts were made." in out
    assert set(await accounts(tmp_path)) == {"ada"}


async def test_addresses_are_checked_where_they_are_kept(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "login,name,email\nada,Ada,nonsense\n")
    mail = {"accounts_email": "optional", "mail_host": "127.0.0.1", "mail_sender": "p@example.org"}
    outcome = await pipit(tmp_path, "user", "import", path, **mail)
    assert outcome.code == 1
    assert ":2: email: found 'nonsense', allowed: one such as ada@example.org" in outcome.out
    out = await done(tmp_path, "user", "import", path)
    assert "E-mail addresses are not kept, since accounts.email is off." in out


# -- helpers ---------------------------------------------------------------------------------------


async def accounts_by_id(server: Server) -> dict[str, str]:
    """Logins by user id."""
    return {one["user"]: one["login"] for one in (await accounts(server.data_dir)).values()}


async def evicted(client: Client) -> None:
    """Waits until the service has sent somebody away."""
    await client.next("ctrl", code=205, text="evicted")
    await client.closed()
