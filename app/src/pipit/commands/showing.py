"""What `pipit demo` does: fills the data folder, then tells who can log in and what to try."""

import argparse

from pipit.accounts.basic import check_password
from pipit.commands.passwords import generated
from pipit.commands.progress import progress
from pipit.config import Settings
from pipit.demo import filling
from pipit.demo.cast import CAST
from pipit.gateway import control
from pipit.gateway.operations import OperationError
from pipit.wire.status import Refused

TRY = """\
Start it with `pipit serve` (or `make run`), open the page and log in as freya. Try this:
  - answer Priya, who waits for a drawing; read what the class says about moths
  - in a second browser, log in as omar: see ticks, typing, and who is online
  - as luca, search for bike-kitchen, or for a login such as mei, and write to her
  - as noor, write to the channel Harbour Library; as ingrid, read it
  - as jonas, edit a message, delete one for everybody, send a picture"""


async def fill_demo(settings: Settings, arguments: argparse.Namespace) -> int:
    """Fills the folder. Raises OperationError, StoreError, KeyFileError, OSError."""
    shortest = settings.accounts.password_min
    password = arguments.password or generated(shortest)
    async with control.connect(settings.data_dir) as service:
        if service is not None:
            raise OperationError("the service is running; stop it, the demo is written beneath it")
    try:
        check_password(password, shortest)
        with progress("demo", filling.STEPS) as shown:
            await filling.fill(
                settings, password, arguments.seed, force=arguments.force_add, step=shown.step
            )
    except (filling.NotEmpty, ValueError) as fault:
        raise OperationError(str(fault)) from fault
    except Refused as refusal:
        raise OperationError(f"{refusal.__cause__ or refusal}; see accounts.login_min") from refusal
    _tell(password)
    return 0


def _tell(password: str) -> None:
    print("These people can log in:")
    for person in CAST:
        print(f"  {person.login:8} {person.name:18} {person.note}")
    print(f"All have the password {password}")
    print(TRY)
