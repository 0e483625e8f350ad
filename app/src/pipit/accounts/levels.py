"""How far somebody is trusted: numbers in the store and in tokens, names on the wire."""

NOBODY, ANONYMOUS, AUTHENTICATED, ROOT = 0, 10, 20, 30
LEVEL_NAMES = {ANONYMOUS: "anon", AUTHENTICATED: "auth", ROOT: "root"}
"""`authlvl` of those who are logged in."""
