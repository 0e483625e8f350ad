"""Measurements of a real `pipit serve`: see `python -m bench --help` and docs/performance.md."""
