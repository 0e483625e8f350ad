"""Pipit: a private instant-messaging cloud in a box."""

__version__ = "0.1.0"
