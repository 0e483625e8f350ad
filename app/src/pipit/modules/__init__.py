"""Modules: what reacts to events, each a process of its own. See docs/modules.md.

A module has a file or folder here with a `running` (see pipit.modules.base), a line in MODULES, and
a section in pipit.config.modules.
"""

MODULES = {
    "webhooks": "tells other programs of events, and posts what they send",
    "chatai": "answers members with a language model",
    "example": "counts messages: the module to copy",
}
"""Their names, and what each does."""
