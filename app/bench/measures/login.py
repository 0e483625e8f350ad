"""What a start of the web app costs: {hi}, {login} by token, {sub me} with 50 contacts."""

from bench.client import Connection, Load, Script
from bench.run import Run, cost_of
from bench.scripts import Account, attach, log_in, nothing, publish, sign_up, start
from bench.server import data_folder, pipit
from bench.table import Row

IN_FLIGHT = 10
LEAVING_SECONDS = 4.0  # a user who is gone is told to be offline after 3 s
GO_SERVER = "1,260 µs"


def login(run: Run) -> None:
    """Measure the start with and without the WebSocket's handshake."""
    people = run.sizes.starters
    with data_folder() as folder, pipit(folder) as server, Load(server.address) as load:
        run.say(f"login: {people} people get {run.sizes.contacts} contacts each")
        accounts = _acquainted(load, people, run.sizes.contacts)
        _start_all(load, server.pid, accounts)
        for repeat in range(run.sizes.repeats):
            run.say(f"login: repeat {repeat + 1} of {run.sizes.repeats}")
            handshake, started = _start_all(load, server.pid, accounts)
            run.sample("login: start", started)
            run.sample("login: start and handshake", handshake + started)
    _report(run)


def _acquainted(load: Load, people: int, contacts: int) -> list[Account]:
    """People who all have the same contacts, who are offline and were written to once each."""
    friends = sign_up(load, contacts)
    accounts = sign_up(load, people)
    sessions = log_in(load, accounts)
    load.run((session, _befriend(friends)) for session in sessions)
    load.close(sessions)
    load.rest(LEAVING_SECONDS)
    return accounts


def _befriend(friends: list[Account]) -> Script:
    for friend in friends:
        yield from attach(friend.user)
        yield from publish(friend.user, "Nice to have met you!")


def _start_all(load: Load, pid: int, accounts: list[Account]) -> tuple[float, float]:
    """Start everybody's session once. Returns the CPU µs of one handshake and of one start."""
    sessions: list[Connection] = []

    def shake_hands() -> None:
        sessions.extend(load.open((nothing() for _ in accounts), IN_FLIGHT))

    def start_sessions() -> None:
        load.run(zip(sessions, map(start, accounts), strict=True), IN_FLIGHT)

    handshakes = cost_of([pid], load, shake_hands).cpu
    starts = cost_of([pid], load, start_sessions).cpu
    load.close(sessions)
    load.rest(LEAVING_SECONDS)
    return handshakes * 1e6 / len(accounts), starts * 1e6 / len(accounts)


def _report(run: Run) -> None:
    work = f"login by token + {{sub me}} with desc and sub of {run.sizes.contacts} contacts"
    how = f"{run.sizes.starters} people, {IN_FLIGHT} at a time; {{hi}} to the last row"
    shaken = "the same with accepting and upgrading the WebSocket"
    starts, all_in_all = run.of("login: start"), run.of("login: start and handshake")
    run.add(Row("login", work, "µs", starts, how, 450, 250, GO_SERVER))
    run.add(Row("login, handshake", f"{work}, with handshake", "µs", all_in_all, shaken))
