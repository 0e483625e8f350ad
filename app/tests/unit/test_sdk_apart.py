"""The SDK works without the server's parts and packages."""

import subprocess
import sys

PROGRAM = """
import sys, pipit.sdk
ours = {name for name in sys.modules if name.split(".")[0] == "pipit"}
print(*sorted(name for name in ours if not name.startswith(("pipit.sdk", "pipit.core"))))
print(*sorted({"apsw", "uvloop", "yaml", "argon2", "openai", "pymongo"} & sys.modules.keys()))
"""


def test_it_loads_nothing_of_the_server() -> None:
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    assert loaded.stdout.decode().splitlines() == ["pipit", ""]
