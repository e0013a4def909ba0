"""When a cluster is judged to have stalled."""

import os
import signal
import time

import pytest

from backups.cluster.health import Health, Published, View
from backups.cluster.processes import children
from backups.cluster.signs import BEGAN, ENDED, SAVED, Signs
from tests.conftest import wait_for

PATIENCE = 60.0
IDLE = Published(workers=2, taken=0, unsaved=0)


def view(published: Published | None = IDLE, queued: int = 0, busy: int = 0, **times: float) -> View:
    return View(published, queued, busy, **({"last_task": 0.0, "last_result": 0.0} | times))


STALLED = [
    (view(None), "its sentinel gives no sign of life"),
    (view(Published(2, 1, 0)), "tasks wait, and idle workers do not take them"),
    (view(Published(2, 1, 0), busy=1), "tasks wait, and idle workers do not take them"),
    (view(IDLE, queued=1), "it takes no tasks from the queue"),
    (view(Published(2, 0, 1)), "results of tasks wait, and nobody saves them"),
]
WELL = [
    view(),
    view(busy=2, queued=9),
    view(Published(2, 2, 0), queued=9, busy=2),  # all are at work
]


@pytest.mark.parametrize(("seen", "verdict"), STALLED)
def test_what_stays_wrong_is_a_stall_and_what_passes_is_none(seen: View, verdict: str) -> None:
    health = Health(PATIENCE)
    assert health.judge(seen, now=1000) == ""
    assert health.judge(seen, now=1000 + PATIENCE) == ""
    assert health.judge(seen, now=1001 + PATIENCE) == verdict
    assert health.judge(view(), now=1002 + PATIENCE) == ""
    assert health.judge(seen, now=1003 + PATIENCE) == "", "it is counted anew"


@pytest.mark.parametrize("seen", WELL)
def test_a_cluster_at_work_or_at_rest_is_well(seen: View) -> None:
    health = Health(PATIENCE)
    assert [health.judge(seen, now) for now in range(1000, 2000, 10)] == [""] * 100


def test_tasks_that_flow_are_no_stall_though_some_always_wait() -> None:
    health = Health(PATIENCE)
    for now in range(1000, 2000, 10):
        assert health.judge(view(Published(2, 1, 1), queued=1, last_task=now - 5, last_result=now - 5), now) == ""


def test_nothing_is_judged_while_nothing_can_be_seen() -> None:
    health = Health(PATIENCE)
    assert health.judge(view(Published(2, 1, 0)), now=1000) == ""
    assert health.judge(None, now=1059) == ""
    assert health.judge(view(Published(2, 1, 0)), now=1061) == ""


def test_signs_of_life_come_from_another_process() -> None:
    signs = Signs()
    before = signs.last_task
    pid = os.fork()
    if not pid:
        signs._writer_of(BEGAN)()
        signs._writer_of(SAVED)()
        time.sleep(60)
    try:
        give_up = time.monotonic() + 10
        while signs.last_result <= before and time.monotonic() < give_up:
            signs.listen()
        assert signs.busy == {pid}
        assert signs.last_task > before
        assert pid in children(os.getpid())
    finally:
        os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    os.write(signs._writer, b"%s %d\n" % (ENDED, pid))
    signs.listen()
    assert signs.busy == set()
    wait_for(lambda: pid not in children(os.getpid()), 10, "the killed process to be a zombie, which does not live")
    os.waitpid(pid, 0)


def test_a_full_pipe_stops_nobody() -> None:
    signs = Signs()
    tell = signs._writer_of(BEGAN)
    for _ in range(20_000):
        tell()
    signs.listen()
    assert signs.busy == {os.getpid()}
