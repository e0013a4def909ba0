"""The last days as bars: where they stand, in the units of an SVG's view box."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from backups.daily import DayCount

HEIGHT, STEP, WIDTH, LEAST = 120, 24, 16, 2  # a bar that stands for anything is never too small to be seen


@dataclass(frozen=True)
class Bar:
    """A rectangle, and what it stands for."""

    kind: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class DayBars:
    """The bars of a day."""

    count: DayCount
    bars: Sequence[Bar]


class DayChart:
    """Completed backups with the failed ones on top, and before them, half as wide, the changed ones."""

    def __init__(self, counts: Sequence[DayCount]) -> None:
        self.counts = counts
        self.height, self.width = HEIGHT, STEP * len(counts)
        self.most = max((count.completed + count.failed for count in counts), default=0)
        self.completed, self.failed, self.changed = (
            sum(getattr(count, name) for count in counts) for name in ("completed", "failed", "changed")
        )

    @property
    def newest_first(self) -> Sequence[DayCount]:
        """For the table."""
        return self.counts[::-1]

    @cached_property
    def days(self) -> Sequence[DayBars]:
        """The oldest first."""
        return [DayBars(count, self._bars(count, at * STEP)) for at, count in enumerate(self.counts)]

    def _bars(self, count: DayCount, left: int) -> list[Bar]:
        completed, failed, changed = (self._height(n) for n in (count.completed, count.failed, count.changed))
        x = left + (STEP - WIDTH) // 2
        failed_y = max(HEIGHT - completed - failed, 0)
        bars = [
            Bar("completed", x, failed_y + failed, WIDTH, HEIGHT - failed_y - failed),
            Bar("failed", x, failed_y, WIDTH, failed),
            Bar("changed", x + WIDTH // 4, HEIGHT - changed, WIDTH // 2, changed),
        ]
        return [bar for bar in bars if bar.height]

    def _height(self, number: int) -> int:
        return max(round(number * HEIGHT / self.most), LEAST) if number else 0
