"""What came of one attempt to deliver."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """`answer` is a sentence for the log: what the receiver said, or why it was not asked."""

    sent: bool
    answer: str
    http_status: int | None = None

    @property
    def is_gone(self) -> bool:
        """The receiver wants nothing more, ever."""
        return self.http_status == 410
