"""The counts of system calls are read from what `strace -c` writes."""

from bench.strace import parse

SUMMARY = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.22    0.012345          12      1001           sendto
 20.00    0.004000           4       900       100 recvfrom
 18.78    0.000000           0         7           fdatasync
------ ----------- ----------- --------- --------- ----------------
100.00    0.016345           8      1908       100 total
"""


def test_calls_are_counted_by_name_with_and_without_errors() -> None:
    assert parse(SUMMARY) == {"sendto": 1001, "recvfrom": 900, "fdatasync": 7}


def test_nothing_traced_is_an_empty_count() -> None:
    assert parse("") == {}
