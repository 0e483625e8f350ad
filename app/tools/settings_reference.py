"""Writes docs/settings.md from the settings' definitions (`make docs`)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipit.config.reference import Key, keys_of, sections

TARGET = Path(__file__).parents[2] / "docs" / "settings.md"

INTRODUCTION = """\
# Settings

Pipit runs without any. To change something, write a YAML file with just that and start
`pipit serve --config FILE`, or set an environment variable; the variable wins:

```yaml
server: {port: 8000}
accounts:
  signup: closed
```

```sh
PIPIT_SERVER_PORT=8000 PIPIT_ACCOUNTS_SIGNUP=closed pipit serve
```

- `pipit check-config --config FILE` says whether all is right. A wrong key or value stops the
  start with one line that says where it is, what was found and what is allowed.
- A variable is named `PIPIT_<SECTION>_<KEY>`, in capitals. A list is written with commas, or as
  YAML in brackets.
- A relative path in the file starts at the file's folder, one in a variable at the working
  directory.
- A secret does not belong in the settings file: it comes from a file of its own, which
  `<key>_file` names, or from its variable.
- `PIPIT_CONFIG` names the settings file where there is no `--config`.

This page is made from the code (`make docs`).
"""


def page() -> str:
    """The whole page."""
    parts = [_section(name, struct.__doc__ or "") for name, struct in sections().items()]
    return "\n".join([INTRODUCTION, *parts])


def _section(name: str, about: str) -> str:
    rows = [_row(key) for key in keys_of(name).values()]
    head = [f"## {name}\n", _paragraphs(about), "| key | default | what it is | allowed |"]
    return "\n".join([*head, "|---|---|---|---|", *rows, ""])


def _paragraphs(docstring: str) -> str:
    return "\n".join(line.strip() for line in docstring.strip().splitlines()) + "\n"


def _row(key: Key) -> str:
    allowed = "environment only" if key.secret else key.allowed
    return f"| `{key.name}` | {_default(key.default)} | {key.description} | {allowed} |"


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Iterable) and not value:
        return "empty"
    return f"`{value}`"


if __name__ == "__main__":
    TARGET.write_text(page(), "utf-8")
    print(f"wrote {TARGET}")
