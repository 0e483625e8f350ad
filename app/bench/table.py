"""The rows of the report: what was measured, in which unit, and what it must and should be."""

from dataclasses import dataclass
from statistics import median

HEADINGS = ("work", "must", "aim", "min / median / max (repeats)", "verdict", "Go server", "how")


@dataclass(frozen=True)
class Row:
    """One figure: `values` holds one per repeat; `must` and `aim` are bounds in `unit`: upper
    ones, or lower ones with `at_least`.

    `elsewhere` is the same figure of a Go server of this protocol, taken on another machine.
    """

    name: str
    work: str
    unit: str
    values: tuple[float, ...]
    how: str
    must: float | None = None
    aim: float | None = None
    elsewhere: str = ""
    at_least: bool = False

    @property
    def median(self) -> float:
        """The middle one of the repeats: the figure that the bounds are for."""
        return median(self.values)

    @property
    def verdict(self) -> str:
        """How the median stands to the bounds, if there are any."""
        if self.must is None:
            return ""
        if not self._within(self.must):
            return "**missed**"
        return "aim met" if self.aim is not None and self._within(self.aim) else "met"

    def cells(self) -> tuple[str, ...]:
        """The row as texts, in the order of `HEADINGS`."""
        return (
            self.work,
            self._bound(self.must),
            self._bound(self.aim),
            f"{self._spread()} {self.unit} ({len(self.values)})",
            self.verdict,
            self.elsewhere,
            self.how,
        )

    def line(self) -> str:
        """The row for a terminal: one line."""
        bounds = f"must {self._bound(self.must)}" if self.must is not None else ""
        verdict = self.verdict.replace("*", "")
        return f"{self.work}: {self._spread()} {self.unit}  {bounds}  {verdict}".rstrip()

    def _within(self, bound: float) -> bool:
        return self.median >= bound if self.at_least else self.median <= bound

    def _bound(self, value: float | None) -> str:
        return "" if value is None else f"{'≥' if self.at_least else '≤'} {figure(value)}"

    def _spread(self) -> str:
        if len(self.values) == 1:
            return figure(self.median)
        return " / ".join(map(figure, (min(self.values), self.median, max(self.values))))


def figure(value: float) -> str:
    """A number with three significant digits, its thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(rows: list[Row]) -> str:
    """All rows as one table of Markdown."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
