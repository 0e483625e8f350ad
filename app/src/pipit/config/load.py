"""Makes `Settings` of a YAML file and the environment."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pipit.config.checks import complaint
from pipit.config.errors import ConfigError
from pipit.config.reference import Key, keys_of, sections
from pipit.config.settings import Settings

FILE_VARIABLE = "PIPIT_CONFIG"
"""Names the settings file in the environment, for the command line; not a setting itself."""

Values = dict[Key, Any]


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings: those of the file, overridden by PIPIT_<SECTION>_<KEY>, else the defaults.

    Raises ConfigError.
    """
    values = _from_file(path) if path else {}
    values |= _from_environment(environ)
    values |= _secrets(values)
    document: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        document.setdefault(key.section, {})[key.name] = value
    settings = msgspec.convert(document, Settings)
    if problem := complaint(settings):
        raise ConfigError(f"{path or 'environment'}: {problem}")
    return settings


def _from_file(path: Path) -> Values:
    document = _read_yaml(path)
    values: Values = {}
    for section, content in document.items():
        if section not in sections():
            raise _unknown(str(path), "section", section, sections())
        if content == "":  # a section with nothing in it
            continue
        if not isinstance(content, dict):
            raise ConfigError(f"{path}: {section}: found {_shown(content)}, allowed: keys below it")
        keys = keys_of(section)
        for name, value in content.items():
            if name not in keys:
                raise _unknown(str(path), f"key {section}.", name, keys)
            values[keys[name]] = _from_line(path, keys[name], value)
    return values


def _from_line(path: Path, key: Key, value: Any) -> Any:
    if key.secret:
        raise ConfigError(
            f"{path}: {key.dotted}: a secret does not belong in this file; "
            f"put it into a file of its own and name that in {key.dotted}_file"
        )
    return _convert(f"{path}: {key.dotted}", key, value, path.parent)


def _read_yaml(path: Path) -> dict[str, Any]:
    """The file's content with every scalar as text: YAML would read `off` as false, `1_0` as 10."""
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    if document is None or document == "":
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: found {_shown(document)}, allowed: {_listed(sections())}")
    return document


def _from_environment(environ: Mapping[str, str]) -> Values:
    known = {key.variable: key for section in sections() for key in keys_of(section).values()}
    values: Values = {}
    for variable in sorted(environ):
        if not variable.startswith("PIPIT_") or variable == FILE_VARIABLE:
            continue
        if variable not in known:
            raise _unknown("environment", "variable", variable, known)
        key = known[variable]
        value = _structured(environ[variable]) if "list" in key.allowed else environ[variable]
        values[key] = _convert(f"environment variable {variable}", key, value, Path.cwd())
    return values


def _structured(text: str) -> Any:
    """A list in a variable: YAML in brackets, or texts with commas between."""
    if text.startswith("["):
        try:
            return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
        except yaml.YAMLError:
            return text
    return [part.strip() for part in text.split(",") if part.strip()]


def _convert(where: str, key: Key, value: Any, base: Path) -> Any:
    try:
        converted = msgspec.convert(value, key.type, strict=False)
    except msgspec.ValidationError as error:
        detail = f": {error}" if isinstance(value, list) else ""
        found = f"found {_shown(value)}, allowed: {key.allowed}{detail}"
        raise ConfigError(f"{where}: {found}") from error
    return str(base.absolute() / converted) if key.path and converted else converted


def _secrets(values: Values) -> Values:
    """The content of the files that <key>_file names, for keys that have no value of their own."""
    found: Values = {}
    for file_key, name in values.items():
        key = keys_of(file_key.section).get(file_key.name.removesuffix("_file"))
        if key and key.secret and key is not file_key and key not in values and name:
            found[key] = _read_secret(file_key, Path(name))
    return found


def _read_secret(key: Key, path: Path) -> str:
    try:
        secret = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"{key.dotted}: {path} cannot be read: {reason}") from error
    if not secret:
        raise ConfigError(f"{key.dotted}: {path} is empty, it must hold the secret")
    return secret


def _unknown(source: str, kind: str, name: str, known: Iterable[str]) -> ConfigError:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"allowed: {_listed(known)}"
    gap = "" if kind.endswith(".") else " "
    return ConfigError(f"{source}: unknown {kind}{gap}{name}; {hint}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _shown(value: Any) -> str:
    """What was found, short and on one line."""
    text = "nothing" if value == "" else str(value).replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "..."
