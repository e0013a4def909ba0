"""Whatever the history, the policy and the moment of death: nothing that is referred to is ever deleted."""

import uuid
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from backups import storage
from backups.housekeeping.orphans import OLD, Orphans
from backups.housekeeping.policy import Policy
from backups.housekeeping.retention import Retention
from backups.models import Backup
from devices.models import Device
from tests.backups.housekeeping.conftest import (
    Crash,
    FragileStorage,
    History,
    carry_out,
    counts_of,
    days,
    empty_storage,
    rehearse,
    set_age,
    stored_files,
)
from tests.backups.housekeeping.test_policy import stated_failed, stated_good, zones

KINDS = ["changed", "unchanged", "unchanged", "failed", "incomplete", "accepted"]
policies = st.builds(Policy, st.integers(0, 4), st.integers(0, 5), st.integers(0, 4), zones)
gaps = st.one_of(st.just(0.0), st.floats(0.01, 0.4), st.floats(0.5, 9), st.just(70.0))
events = st.lists(st.tuples(st.sampled_from(KINDS), gaps), max_size=14)
networks = st.lists(st.tuples(events, st.booleans()), min_size=1, max_size=3)
Network = list[tuple[list[tuple[str, float]], bool]]
slowly = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def build(network: Network) -> None:
    """The devices with their backups; times are counted back from now."""
    for history_events, is_active in network:
        history, age = History(), sum(gap for _, gap in history_events)
        for kind, gap in history_events:
            age -= gap
            getattr(history, kind)(timedelta(days=max(age, 0)))
        if is_active:
            history.running()


def rows() -> dict[uuid.UUID, Backup]:
    return {backup.pk: backup for backup in Backup.objects.select_related("device")}


def last_good_ones() -> set[uuid.UUID | None]:
    found = (Backup.objects.last_good(pk) for pk in Device.objects.values_list("pk", flat=True))
    return {backup.pk if backup else None for backup in found}


def stated(retention: Retention) -> set[uuid.UUID]:
    """The backups that the policy keeps, by the slow statement of it in the other test."""
    kept = set(Backup.objects.active().values_list("pk", flat=True))
    for device in Device.objects.all():
        good = list(Backup.objects.completed().filter(device=device).order_by("-finished_at", "-pk"))
        verdicts = stated_good([b.finished_at for b in good if b.finished_at], retention.policy, retention.now)
        kept |= {backup.pk for backup, verdict in zip(good, verdicts, strict=True) if verdict}
        newest = good[0].finished_at if good else None
        failed = list(Backup.objects.filter(device=device, status="failed").order_by("-created_at", "-pk"))
        facts = [
            (b.finished_at, b.can_be_accepted and not (newest and b.finished_at < newest))
            for b in failed
            if b.finished_at
        ]
        verdicts = stated_failed(facts, retention.policy, retention.now)
        kept |= {backup.pk for backup, verdict in zip(failed, verdicts, strict=True) if verdict}
    return kept


def assert_sound(before: dict[uuid.UUID, Backup], good: set[uuid.UUID | None]) -> None:
    """Devices have their last good one, their newest attempt, what is active; every file that a row names is whole."""
    after = rows()
    assert last_good_ones() == good
    for device in Device.objects.all():
        attempts = [backup for backup in before.values() if backup.device_id == device.pk and not backup.is_active]
        newest = max((backup.created_at for backup in attempts), default=None)
        assert newest is None or any(b.created_at == newest for b in after.values() if b.device_id == device.pk)
    assert {pk for pk, backup in before.items() if backup.is_active} <= after.keys()
    for backup in after.values():
        assert not backup.file_path or storage.read(backup)


class RetentionTest(TestCase):
    @slowly
    @given(networks, policies)
    def test_a_run_keeps_what_the_rules_say_and_a_dry_run_tells_it(self, network: Network, policy: Policy) -> None:
        with empty_storage() as disk:
            build(network)
            before, good, retention = rows(), last_good_ones(), Retention(policy)
            kept = before.keys() if policy.keeps_everything else stated(retention)
            told, lines = rehearse(Retention(policy, dry_run=True, now=retention.now))
            assert rows().keys() == before.keys(), "a dry run deletes nothing"
            if policy.keeps_everything:
                assert retention.idle()
                return
            run = carry_out(retention)
            assert rows().keys() == kept
            assert {line.split()[-1] for line in lines} == {str(pk) for pk in before.keys() - kept}
            done = counts_of(run)
            assert {key: done.get(key) for key in told} == told
            assert_sound(before, good)
            assert stored_files(disk) == {backup.file_path for backup in rows().values() if backup.file_path}
            again = counts_of(carry_out(Retention(policy, now=retention.now)))
            assert again.get("deleted", 0) == again.get("files", 0) == 0

    @slowly
    @given(networks, policies, st.integers(0, 6), st.data())
    def test_a_run_that_is_killed_leaves_files_without_rows_at_most(
        self, network: Network, policy: Policy, deletions: int, data: st.DataObject
    ) -> None:
        with empty_storage() as disk:
            build(network)
            before, good, retention = rows(), last_good_ones(), Retention(policy)
            FragileStorage.deletions_left = deletions
            try:
                carry_out(retention)
            except Crash:
                assert_sound(before, good)
            FragileStorage.deletions_left = None
            carry_out(retention)
            assert_sound(before, good)
            kept = {backup.file_path for backup in rows().values() if backup.file_path}
            orphans = leave_orphans(disk, data) | (stored_files(disk) - kept)
            young = {path for path in sorted(orphans) if data.draw(st.booleans())}
            foreign = leave_foreign_files(disk)
            for path in orphans | foreign | kept:
                set_age(path, OLD - days(1) if path in young else OLD + days(1))
            told, lines = rehearse(Orphans(believe=True, dry_run=True))
            run = carry_out(Orphans(believe=True))
            assert stored_files(disk) == kept | young | foreign
            assert set(lines) == orphans - young
            assert counts_of(run)["files"] == told["orphans"] == len(orphans - young)
            assert_sound(before, good)


def leave_orphans(disk: Path, data: st.DataObject) -> set[str]:
    """What a killed worker leaves: a file that it did not come to record, or has not finished."""
    paths = set()
    for device in Device.objects.all():
        for folder in (storage.CONFIGS, storage.INCOMPLETE):
            if data.draw(st.booleans()):
                name = storage.file_name(device.pk, device.hostname, device.created_at, folder)
                paths.add(storage.store(b"hostname", name))
                unfinished = Path(name).with_name(".writing-abc12_x9")
                (disk / unfinished).write_text("host")
                paths.add(str(unfinished))
    return paths


def leave_foreign_files(disk: Path) -> set[str]:
    """Not ours: another's note, and another program's folder."""
    names = [
        f"configs/{uuid.uuid4()}/README",
        "configs/notes_20261102_034000.txt",
        "configs/.snapshot/x_20261102_034000.txt",
    ]
    for name in names:
        (disk / name).parent.mkdir(parents=True, exist_ok=True)
        (disk / name).write_text("not NetRaven's")
    return set(names)
