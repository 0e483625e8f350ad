"""What can be set, read off the structs: for checking, for error messages, for docs/settings.md."""

from typing import Any, get_type_hints

import msgspec
from msgspec import Struct, inspect

from pipit.config.settings import PATH_KEYS, SECRET_KEYS, Settings


class Key(Struct, frozen=True):
    """One key of the settings file."""

    section: str
    name: str
    type: Any
    default: Any

    @property
    def dotted(self) -> str:
        """As messages name it: `server.port`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it: `PIPIT_SERVER_PORT`."""
        return f"PIPIT_{self.section}_{self.name}".upper()

    @property
    def secret(self) -> bool:
        """True if it may not stand in the settings file."""
        return (self.section, self.name) in SECRET_KEYS

    @property
    def path(self) -> bool:
        """True if it names a file or folder."""
        return (self.section, self.name) in PATH_KEYS

    @property
    def description(self) -> str:
        """What it is for: one sentence or two."""
        info = inspect.type_info(self.type)
        schema = info.extra_json_schema if isinstance(info, inspect.Metadata) else None
        return str(schema["description"]) if schema else ""

    @property
    def allowed(self) -> str:
        """What it takes, in words: `a whole number from 0 to 65535`."""
        return _allowed(inspect.type_info(self.type))


def sections() -> dict[str, type[Struct]]:
    """The sections of the settings file, in the file's order."""
    return {field.name: field.type for field in msgspec.structs.fields(Settings)}


def keys_of(section: str) -> dict[str, Key]:
    """The keys of one section by name, in the file's order."""
    struct = sections()[section]
    hints = get_type_hints(struct, include_extras=True)
    return {
        field.name: Key(section, field.name, hints[field.name], field.default)
        for field in msgspec.structs.fields(struct)
    }


def _allowed(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(type=inner):
            return _allowed(inner)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number from {low:.10g} to {high:.10g}"
        case inspect.LiteralType(values=values):
            return " or ".join(map(str, values))
        case inspect.VarTupleType(item_type=inspect.StructType(fields=fields)):
            return "a list of {" + ", ".join(field.name for field in fields) + "}"
        case inspect.VarTupleType():
            return "a list of texts"
        case _:
            return "text"
