"""The report holds every figure, says which bound is missed, and keeps what people wrote."""

import pytest

from bench import report
from bench.table import Row, figure, markdown


def row(value: float, must: float | None = 2.0, aim: float | None = 1.3) -> Row:
    return Row("fanout", "fan-out", "× send()", (value, value - 1, value + 1), "how", must, aim)


@pytest.mark.parametrize(
    ("value", "verdict"), [(1.3, "aim met"), (2.0, "met"), (2.1, "**missed**")]
)
def test_the_median_decides_whether_a_bound_is_met(value: float, verdict: str) -> None:
    assert row(value).verdict == verdict


def test_without_a_bound_there_is_no_verdict() -> None:
    assert row(9, must=None, aim=None).verdict == ""


def test_the_table_has_a_line_for_each_figure() -> None:
    lines = markdown([row(1.5), row(3)]).splitlines()
    assert len(lines) == 4
    assert "0.5 / 1.5 / 2.5 × send() (3)" in lines[2]
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "0.0123"), (1.2345, "1.23"), (99.94, "99.9"), (1234.5, "1,234")]
)
def test_figures_have_three_digits_that_count(value: float, text: str) -> None:
    assert figure(value) == text


def test_what_stands_around_the_generated_part_is_kept() -> None:
    old = f"# Title\n{report.BEGIN}\nold\n{report.END}\n## What limits it\n"
    assert report.spliced(old, "new") == old.replace("old", "new")


def test_a_report_without_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="no lines"):
        report.spliced("# Somebody's own text\n", "new")
