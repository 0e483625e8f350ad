"""The settings: `load` makes `Settings` of a YAML file and the environment."""

from pipit.config.errors import ConfigError
from pipit.config.load import load
from pipit.config.settings import Settings

__all__ = ["ConfigError", "Settings", "load"]
