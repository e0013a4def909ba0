"""NetRaven in one process, its statements counted: devices asked for at the one door, backed up by one worker."""

import json
import sys
from dataclasses import asdict

import django

from netraven.lab.bench import jobs
from netraven.lab.bench.meter import measured
from netraven.lab.bench.statements import StatementCounter


def back_up(count: int) -> int:
    """One job over the first so many devices, and one worker's shift over it; how many that was."""
    from backups.tasks import work
    from devices.models import Device

    first = Device.objects.order_by("hostname").values("pk")[:count]
    job = jobs.request(Device.objects.filter(pk__in=first))
    work()
    return jobs.check_endings(job)


def main() -> int:
    """Measure so many devices, after one that warms up."""
    count = int(sys.argv[1])
    django.setup()
    back_up(1)
    counter = StatementCounter()
    counter.watch()
    usage = measured(lambda: back_up(count))
    print(json.dumps({"usage": asdict(usage), "statements": counter.by_kind()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
