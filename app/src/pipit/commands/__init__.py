"""The sub-commands of `pipit`, a module each; the other modules do their work.

A module offers `register(commands)`, which adds its parser, and `run(arguments)`, which returns the
exit code. What a command needs is imported when it runs: `pipit --help` stays quick.
"""
