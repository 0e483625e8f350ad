"""What goes wrong with settings."""


class ConfigError(ValueError):
    """A wrong key or value: one line that says where, which, what was found, what is allowed."""
