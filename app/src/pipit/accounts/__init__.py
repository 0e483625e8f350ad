"""Accounts: logins, passwords, tokens, credentials. Works on a store alone, without the gateway."""
