"""The records of keys: first ones are trusted, changed ones wait for a person, and who decided stays known."""

import base64
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from credentials.models import Credential
from devices import host_keys
from devices.connection.peer_keys import TLS, PeerKey
from devices.exceptions import HostKeyRejected
from devices.host_keys import KeyNotOffered, Owner, ShownKey
from devices.models import Device, Gateway, HostKey, Platform, Tag
from netraven.audit.models import AuditEntry
from tests.devices.conftest import RecordedLog

pytestmark = pytest.mark.django_db
State = HostKey.State
Action = AuditEntry.Action


def key(name: str, kind: str = "ssh") -> PeerKey:
    text = base64.b64encode(name.encode()).decode()
    return PeerKey(kind, text if kind == TLS else f"ssh-ed25519 {text}")


def add_device(hostname: str = "core1") -> Device:
    return Device.objects.create(hostname=hostname, address="192.0.2.1", platform=Platform.objects.get(slug="ios"))


def add_gateway(name: str = "jump1") -> Gateway:
    credential = Credential.objects.create(name=f"log-in of {name}", username="jump")
    return Gateway.objects.create(name=name, address="192.0.2.2", credential=credential)


OWNERS: list[Callable[[], Owner]] = [add_device, add_gateway]


@pytest.fixture(params=OWNERS, ids=["device", "gateway"])
def owner(request: pytest.FixtureRequest, db: None) -> Any:
    return request.param()


@pytest.fixture
def security() -> User:
    user = User.objects.create_user("anna")
    user.user_permissions.add(Permission.objects.get(codename="accept_hostkey"))
    return user


def show(owner: Owner, name: str, *, refused: bool = False, kind: str = "ssh") -> None:
    host_keys.record([ShownKey(owner, key(name, kind), refused)])


def states(owner: Owner) -> dict[str, str]:
    """State by the name of the key."""
    rows = owner.host_keys.all()
    return {base64.b64decode(row.text.split()[-1]).decode(): row.state for row in rows}


def decisions() -> list[AuditEntry]:
    """What the audit trail says of keys."""
    return list(AuditEntry.objects.filter(action__in=[Action.ACCEPT_HOST_KEY, Action.DISMISS_HOST_KEY]))


def offer(owner: Owner) -> HostKey:
    show(owner, "old")
    show(owner, "new", refused=True)
    return owner.host_keys.get(state=State.OFFERED)


def test_the_first_key_is_trusted(owner: Owner) -> None:
    show(owner, "first")
    row = owner.host_keys.get()
    assert (row.state, row.kind, row.decided_by) == (State.TRUSTED, "ssh", None)
    assert row.fingerprint == key("first").fingerprint
    assert row.owner == owner


def test_an_ssh_key_and_a_certificate_are_trusted_side_by_side(owner: Owner) -> None:
    show(owner, "key")
    show(owner, "certificate", kind=TLS)
    assert states(owner) == {"key": State.TRUSTED, "certificate": State.TRUSTED}


def test_a_refused_first_key_waits_for_a_decision(owner: Owner) -> None:
    show(owner, "first", refused=True)
    assert states(owner) == {"first": State.OFFERED}


def test_a_changed_key_waits_and_the_newest_takes_its_place(owner: Owner) -> None:
    first_offer = offer(owner)
    show(owner, "newer", refused=True)
    assert states(owner) == {"old": State.TRUSTED, "newer": State.OFFERED}
    assert not HostKey.objects.filter(pk=first_offer.pk).exists()  # nobody accepts another key than he looked at


def test_a_key_that_is_shown_again_is_kept_once(owner: Owner) -> None:
    offer(owner)
    HostKey.objects.update(last_seen_at=timezone.now() - timedelta(days=3))
    show(owner, "old")
    show(owner, "new", refused=True)
    assert states(owner) == {"old": State.TRUSTED, "new": State.OFFERED}
    assert not HostKey.objects.filter(last_seen_at__lt=timezone.now() - timedelta(days=1)).exists()


def test_a_key_that_was_let_pass_beside_another_first_one_waits(owner: Owner) -> None:
    show(owner, "first")
    show(owner, "second")
    assert states(owner) == {"first": State.TRUSTED, "second": State.OFFERED}


def test_a_refused_key_that_was_accepted_meanwhile_stays_trusted(owner: Owner, security: User) -> None:
    host_keys.accept(offer(owner), security)
    show(owner, "new", refused=True)
    assert states(owner) == {"old": State.RETIRED, "new": State.TRUSTED}


def test_an_owner_that_was_deleted_meanwhile_is_passed_over(owner: Owner) -> None:
    shown = ShownKey(owner, key("late"), refused=False)
    gone = type(owner)._default_manager.get(pk=owner.pk)
    gone.delete()
    host_keys.record([shown])
    assert not HostKey.objects.exists()


def test_accepting_retires_the_old_key_and_tells_who_and_when(owner: Owner, security: User) -> None:
    accepted = host_keys.accept(offer(owner), security)
    assert states(owner) == {"old": State.RETIRED, "new": State.TRUSTED}
    assert (accepted.decided_by, accepted.decided_at is not None) == (security, True)
    (entry,) = decisions()
    assert (entry.actor, entry.via, entry.object_pk) == (security, "command", str(accepted.pk))
    assert key("new").fingerprint in entry.details
    assert key("old").fingerprint in entry.details


def test_accepting_twice_is_accepting_once(owner: Owner, security: User) -> None:
    offered = offer(owner)
    first = host_keys.accept(offered, security)
    second = host_keys.accept(offered, security)
    assert (second.state, second.decided_at) == (State.TRUSTED, first.decided_at)
    assert len(decisions()) == 1


def test_a_key_that_is_not_offered_any_more_is_not_accepted(owner: Owner, security: User) -> None:
    offered = offer(owner)
    show(owner, "newer", refused=True)
    with pytest.raises(KeyNotOffered, match="not offered any more"):
        host_keys.accept(offered, security)
    host_keys.accept(owner.host_keys.get(state=State.OFFERED), security)
    with pytest.raises(KeyNotOffered):
        host_keys.accept(owner.host_keys.get(state=State.RETIRED), security)
    assert states(owner) == {"old": State.RETIRED, "newer": State.TRUSTED}


def test_a_dismissed_key_is_kept_and_is_offered_again_when_it_is_shown_again(owner: Owner, security: User) -> None:
    offered = offer(owner)
    for _ in range(2):
        assert host_keys.dismiss(offered, security).decided_by == security
    assert states(owner) == {"old": State.TRUSTED, "new": State.DISMISSED}
    with pytest.raises(KeyNotOffered):
        host_keys.accept(offered, security)
    show(owner, "new", refused=True)
    assert owner.host_keys.filter(fingerprint=key("new").fingerprint).count() == 2
    assert len(decisions()) == 1


def test_only_who_may_decide_decides(owner: Owner) -> None:
    offered = offer(owner)
    for decide in (host_keys.accept, host_keys.dismiss):
        with pytest.raises(PermissionDenied, match="may not"):
            decide(offered, User.objects.get_or_create(username="bert")[0])
    assert states(owner) == {"old": State.TRUSTED, "new": State.OFFERED}
    assert not decisions()


def test_the_database_keeps_one_trusted_and_one_offered_key_of_a_kind(owner: Owner) -> None:
    offered = offer(owner)
    for state in (State.TRUSTED, State.OFFERED):
        with pytest.raises(IntegrityError), transaction.atomic():
            owner.host_keys.create(kind="ssh", text="x", fingerprint="x", state=state)
    offered.device, offered.gateway = None, None
    with pytest.raises(IntegrityError), transaction.atomic():
        offered.save()


def test_trusted_keys_of_many_are_read_in_one_query(django_assert_num_queries: Any, security: User) -> None:
    owners: list[Owner] = [add_device(f"d{number}") for number in range(5)]
    owners += [add_gateway(f"g{number}") for number in range(5)]
    for each in owners:
        host_keys.accept(offer(each), security)
    with django_assert_num_queries(1):
        found = host_keys.trusted_keys(
            devices=[each.pk for each in owners if isinstance(each, Device)],
            gateways=[each.pk for each in owners if isinstance(each, Gateway)],
        )
    assert {pk: [row.fingerprint for row in rows] for pk, rows in found.items()} == {
        each.pk: [key("new").fingerprint] for each in owners
    }


def test_a_guard_lets_the_trusted_key_pass_and_no_other(owner: Owner, log: RecordedLog) -> None:
    show(owner, "old")
    trusted = host_keys.trusted_keys(devices=[owner.pk], gateways=[owner.pk])[owner.pk]
    guard = host_keys.guard_of(owner, trusted)
    guard.check(key("old"), log)
    assert not log.entries
    with pytest.raises(HostKeyRejected) as caught:
        guard.check(key("new"), log)
    for told in (str(caught.value), log["host_key"]["message"]):
        assert key("old").fingerprint in told
        assert key("new").fingerprint in told
        assert str(owner) in told
    assert host_keys.worth_recording(owner, trusted, guard) == [ShownKey(owner, key("new"), refused=True)]


def test_a_guard_holds_on_to_the_first_key_that_it_let_pass(owner: Owner, log: RecordedLog) -> None:
    guard = host_keys.guard_of(owner, [])
    guard.check(key("first"), log)
    guard.check(key("first"), log)
    with pytest.raises(HostKeyRejected):
        guard.check(key("second"), log)
    assert [entry["level"] for entry in log.entries] == ["info", "error"]
    assert [(each.key, each.refused) for each in host_keys.worth_recording(owner, [], guard)] == [
        (key("first"), False),
        (key("second"), True),
    ]


def test_a_strict_guard_lets_no_unknown_key_pass(owner: Owner, log: RecordedLog, settings: Any) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"HOST_KEYS": "strict"}
    guard = host_keys.guard_of(owner, [])
    with pytest.raises(HostKeyRejected, match="not known yet"):
        guard.check(key("first"), log)


def test_a_trusted_key_that_was_seen_lately_is_not_recorded_again(owner: Owner, log: RecordedLog) -> None:
    show(owner, "old")
    for age, expected in ((timedelta(hours=1), 0), (timedelta(days=2), 1)):
        HostKey.objects.update(last_seen_at=timezone.now() - age)
        trusted = list(owner.host_keys.all())
        guard = host_keys.guard_of(owner, trusted)
        guard.check(key("old"), log)
        assert len(host_keys.worth_recording(owner, trusted, guard)) == expected


def test_keys_of_devices_that_a_user_does_not_see_are_not_visible(security: User) -> None:
    device, gateway = add_device(), add_gateway()
    show(device, "of the device")
    show(gateway, "of the gateway")
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="others"))
    assert HostKey.objects.visible_to(security).count() == 2
    device.tags.add(tag)
    assert [row.owner for row in HostKey.objects.visible_to(security)] == [gateway]
    security.is_active = False
    assert not HostKey.objects.visible_to(security).exists()


def at_once(count: int, act: Callable[[int], object]) -> list[Exception]:
    """Call `act` in so many threads, all starting together; what they raised."""
    barrier, errors = threading.Barrier(count), list[Exception]()

    def run(number: int) -> None:
        barrier.wait()
        try:
            act(number)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_first_keys_that_are_shown_at_once_leave_exactly_one_trusted() -> None:
    owners: list[Owner] = [add_device(), add_gateway(), add_gateway("jump2")]

    def record_all(number: int) -> None:
        order = owners if number % 2 else owners[::-1]
        host_keys.record([ShownKey(owner, key(f"key {number}"), refused=False) for owner in order])

    assert at_once(6, record_all) == []
    for owner in owners:
        assert sorted(owner.host_keys.values_list("state", flat=True)) == [State.OFFERED, State.TRUSTED]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_decisions_at_once_leave_exactly_one_trusted(security: User) -> None:
    owner = add_device()
    offered = offer(owner)

    def decide(number: int) -> None:
        (host_keys.accept if number % 2 else host_keys.dismiss)(HostKey.objects.get(pk=offered.pk), security)

    errors = at_once(6, decide)
    assert {type(error) for error in errors} <= {KeyNotOffered}
    assert len(decisions()) == 1
    assert states(owner) in (
        {"old": State.RETIRED, "new": State.TRUSTED},
        {"old": State.TRUSTED, "new": State.DISMISSED},
    )
