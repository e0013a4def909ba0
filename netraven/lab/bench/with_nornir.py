"""The usual way: nornir's threads and nornir_napalm's task. Prints its usage as JSON."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import AggregatedResult, Result, Task
from nornir.plugins.runners import ThreadedRunner
from nornir_napalm.plugins.connections import CONNECTION_NAME, Napalm
from nornir_napalm.plugins.tasks import napalm_get

from netraven.lab.bench.meter import measured
from netraven.lab.bench.reading import READ_SECONDS, Row, check_config, is_readable, optional_args


def nornir_for(rows: Iterable[Row], workers: int) -> Nornir:
    """Nornir with the devices of the inventory, and the arguments that NetRaven gives to NAPALM."""
    hosts = Hosts({row["name"]: host_for(row) for row in rows})
    return Nornir(Inventory(hosts, Groups(), Defaults()), runner=ThreadedRunner(workers))


def host_for(row: Row) -> Host:
    """One device."""
    extras = {"timeout": READ_SECONDS, "optional_args": optional_args(row)}
    return Host(
        row["name"],
        hostname=row["address"],
        username=row["username"],
        password=row["password"],
        platform="ios",
        connection_options={CONNECTION_NAME: ConnectionOptions(extras=extras)},
    )


def back_up(task: Task) -> Result:
    """Facts and running configuration. Closed at once: left to the end, every session would stay open until then."""
    try:
        answer = task.run(napalm_get, getters=["facts", "config"], getters_options={"config": {"retrieve": "running"}})
    finally:
        task.host.close_connections()
    return Result(host=task.host, result=answer.result["config"]["running"])


def read_all(rows: list[Row], workers: int) -> int:
    """Every device once; how many that was. RuntimeError if one was not read that can be, or the other way round."""
    answers = nornir_for(rows, workers).run(back_up)
    for row in rows:
        check_answer(row, answers)
    return len(rows)


def check_answer(row: Row, answers: AggregatedResult) -> None:
    """RuntimeError if it is not what the device's fault lets one expect."""
    answer = answers[row["name"]][0]
    if answer.failed == is_readable(row):
        raise RuntimeError(f"{row['name']}, fault {row['fault']}: {answer.exception or 'was read'}")
    if is_readable(row):
        check_config(row["name"], answer.result)


def main() -> int:
    """Measure all devices of an inventory with so many workers, after one device that warms up."""
    rows, workers = json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2])
    ConnectionPluginRegister.register(CONNECTION_NAME, Napalm)
    read_all([next(filter(is_readable, rows))], 1)
    print(json.dumps(asdict(measured(lambda: read_all(rows, workers)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
