"""Whether a cluster works, from what can be seen of it from outside."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A cluster at one moment; None for its status if it has published none for some seconds."""

    published: "Published | None"
    queued: int  # tasks in the queue that all clusters share
    busy: int  # worker processes with a task in hand
    last_task: float  # when one was begun, and when the result of one was saved: seconds on the monotonic clock
    last_result: float


@dataclass(frozen=True)
class Published:
    """What a cluster says of itself."""

    workers: int
    taken: int  # tasks that it has taken from the queue, and no worker has begun yet
    unsaved: int  # results


class Health:
    """Remembers how long something has been wrong: each thing may be so for a moment."""

    def __init__(self, patience: float) -> None:
        self.patience = patience  # seconds
        self._since: dict[str, float] = {}

    def judge(self, view: View | None, now: float) -> str:
        """What has been wrong for too long, "" if nothing has; None says that nothing could be seen."""
        wrong = dict(_complaints(view)) if view else {}
        self._since = {what: max(self._since.get(what, now), progress) for what, progress in wrong.items()}
        return next((what for what, since in self._since.items() if now - since > self.patience), "")


def _complaints(view: View) -> Iterator[tuple[str, float]]:
    """What is wrong at this moment, each with the last time at which it was certainly not."""
    published = view.published
    if published is None:
        yield "its sentinel gives no sign of life", 0
        return
    has_idle = view.busy < published.workers
    if published.taken and has_idle:
        yield "tasks wait, and idle workers do not take them", view.last_task
    if view.queued and has_idle and not published.taken:
        yield "it takes no tasks from the queue", view.last_task
    if published.unsaved:
        yield "results of tasks wait, and nobody saves them", view.last_result
