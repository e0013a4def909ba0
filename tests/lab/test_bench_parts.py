"""What the benchmark is made of."""

import socket
from collections import Counter
from pathlib import Path

import pytest

from devices.connection import Login, Target, Timeouts
from devices.connection.drivers import prepared_driver
from netraven.lab import Lab
from netraven.lab.__main__ import inventory_row
from netraven.lab.bench.configs import CHASSIS, CONFIG_BYTES, change_configs, long_config
from netraven.lab.bench.dead_port import DeadPort
from netraven.lab.bench.fleet import FleetSpec
from netraven.lab.bench.jobs import rows_for
from netraven.lab.bench.meter import Usage, measured
from netraven.lab.bench.napalm_alone import driver_for, try_device
from netraven.lab.bench.reading import check_config
from netraven.lab.bench.shape import Shape
from netraven.lab.bench.statements import kind_of
from netraven.lab.bench.with_nornir import host_for

ROW = {
    "name": "router1",
    "fault": "none",
    "address": "127.0.0.1",
    "port": 2201,
    "username": "netraven",
    "password": "pass",
    "enable_secret": "enable",
}


def test_napalm_alone_and_nornir_get_the_arguments_that_netraven_gives() -> None:
    login = Login(username="netraven", password="pass", enable_secret="enable")
    target = Target(hostname="router1", address="127.0.0.1", port=2201, driver="ios")
    with prepared_driver(target, login, Timeouts()) as ours:
        alone = driver_for(ROW)
    parameters = host_for(ROW).get_connection_parameters("napalm")
    nornirs = type(alone)(parameters.hostname, parameters.username, parameters.password, **parameters.extras or {})

    assert type(ours) is type(alone)
    assert vars(ours) == vars(alone) == vars(nornirs)


def test_shares_of_a_fleet_are_kept_and_spread() -> None:
    faults = FleetSpec(500, dead=5, slow=5, wrong_password=2).faults()

    assert Counter(faults) == {"none": 440, "dead": 25, "slow": 25, "wrong-password": 10}
    assert FleetSpec(3).faults() == ["none"] * 3
    for part in (faults[:250], faults[250:]):
        assert Counter(part)["wrong-password"] == 5
        assert 12 <= Counter(part)["dead"] <= 13


def test_connecting_to_a_dead_port_gets_no_answer() -> None:
    with DeadPort("127.0.0.1") as port, pytest.raises(TimeoutError):
        socket.create_connection((port.address, port.port), timeout=1.5)


def test_a_device_that_is_read_in_spite_of_its_fault_fails_the_run(lab: Lab) -> None:
    device = lab.add("ios")
    device.running_config = long_config(device.running_config)
    row = inventory_row(device)
    try_device(row)

    with pytest.raises(RuntimeError, match="in spite of its fault"):
        try_device(row | {"fault": "wrong-password"})
    with pytest.raises(Exception, match="Authentication"):
        try_device(row | {"password": "wrong"})


def test_less_than_a_whole_config_fails_the_run() -> None:
    with pytest.raises(RuntimeError, match="router1 sent 5 characters"):
        check_config("router1", "short")


def test_more_records_than_devices_share_them_in_turn() -> None:
    rows = rows_for([ROW, ROW | {"port": 2202, "fault": "dead"}], 3, "night-")

    assert [row["name"] for row in rows] == ["night-device00001", "night-device00002", "night-device00003"]
    assert [(row["port"], row["fault"]) for row in rows] == [(2201, "none"), (2202, "dead"), (2201, "none")]


def test_processes_side_by_side_are_added_up() -> None:
    together = Usage.together(4.0, [Usage(3, 3.0, 0.3, 100, 100), Usage(5, 4.0, 0.5, 200, 200)])

    assert (together.devices, together.seconds, together.peak_memory, together.total_memory) == (8, 4.0, 200, 300)
    assert together.figures()["devices_per_second"] == 2
    assert together.figures()["cpu_ms_per_device"] == pytest.approx(100)


def test_work_is_measured_with_its_own_count_of_devices() -> None:
    usage = measured(lambda: sum(1 for _ in range(2_000_000)) // 1_000_000)

    assert usage.devices == 2
    assert 0 < usage.cpu_seconds <= usage.seconds * 2
    assert usage.peak_memory > 10e6


def test_a_shape_is_processes_times_threads() -> None:
    shape = Shape.parse("4x25")

    assert (shape, str(shape), shape.devices_at_once) == (Shape(4, 25), "4 x 25", 100)
    assert Shape.parse(str(shape)) == shape


@pytest.mark.parametrize("wrong", ["25", "0x25", "4x-1", "ax25", "1x2x3", ""])
def test_nothing_else_is_a_shape(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a shape like 4x25"):
        Shape.parse(wrong)


def test_long_configs_end_as_short_ones_do_and_change_in_one_line(tmp_path: Path) -> None:
    config = long_config("hostname router1\n!\nend\n")
    file = tmp_path / "router1.cfg"
    file.write_text(config)
    change_configs([{"config": str(file)}], 7)

    assert CONFIG_BYTES <= len(config) < CONFIG_BYTES + 1000
    assert config.startswith("hostname router1\n")
    assert config.endswith("!\nend\n")
    assert set(file.read_text().splitlines()) - set(config.splitlines()) == {f"{CHASSIS}7"}
    assert len(file.read_text().splitlines()) == len(config.splitlines())


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ('SELECT "a"."id" FROM "a" INNER JOIN "b" ON 1', "SELECT a"),
        ('INSERT INTO "a" ("id") VALUES (%s)', "INSERT a"),
        ('UPDATE "a" SET "x" = (SELECT 1 FROM "b")', "UPDATE a"),
        ('DELETE FROM "a"', "DELETE a"),
        ("BEGIN IMMEDIATE", "BEGIN"),
    ],
)
def test_statements_are_known_by_verb_and_first_table(sql: str, kind: str) -> None:
    assert kind_of(sql) == kind
