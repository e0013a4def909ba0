"""What the command line asks for."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from netraven.lab.bench.fleet import FleetSpec
from netraven.lab.bench.shape import Shape

Item = TypeVar("Item")

# Where nobody says otherwise: milliseconds, and percent of the devices
HEALTHY = {"latency_ms": 0.0, "dead": 0.0, "slow": 0.0, "wrong_password": 0.0, "rounds": 2}
TROUBLE = {"latency_ms": 50.0, "dead": 5.0, "slow": 5.0, "wrong_password": 2.0, "rounds": 1}
FEWEST_HEALTHY = 10  # one in so many


def parse_options() -> argparse.Namespace:
    """Of the command line; exits with a message if they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab.bench", description="What does a backup cost?")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--trouble", action="store_true", help="NetRaven alone, with a healthy fleet and one in trouble")
    mode.add_argument("--scale", type=_count, metavar="N", help="NetRaven alone, with one job over so many devices")
    _add_fleet(parser)
    _add_contenders(parser)
    parser.add_argument("--rounds", type=_count, help="runs of each kind, in turns (default: 2; --trouble: 1)")
    postgres, redis = _url("postgres://", "postgresql://"), _url("redis://", "rediss://", "unix://")
    parser.add_argument(
        "--database-url", type=postgres, default="", metavar="URL", help="the database NAME_bench there"
    )
    parser.add_argument("--redis-url", type=redis, default="", metavar="URL", help="an empty database, as task queue")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures into this file too")
    options = parser.parse_args()
    for name, value in (TROUBLE if options.trouble else HEALTHY).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if fleet_spec(options).faults().count("none") * FEWEST_HEALTHY < options.devices:
        parser.error(f"at least one of {FEWEST_HEALTHY} devices must be healthy")
    return options


def fleet_spec(options: argparse.Namespace) -> FleetSpec:
    """The fleet that the options describe."""
    return FleetSpec(
        options.devices,
        latency=options.latency_ms / 1000,
        dead=options.dead,
        slow=options.slow,
        wrong_password=options.wrong_password,
        slow_seconds=options.slow_seconds,
    )


def _add_fleet(parser: argparse.ArgumentParser) -> None:
    fleet = parser.add_argument_group("the fleet", "Simulated IOS devices. --trouble has defaults of its own.")
    fleet.add_argument("--devices", type=_count, default=500, metavar="N", help="how many (default: %(default)s)")
    fleet.add_argument("--latency-ms", type=_positive, metavar="MS", help="before each answer (default: 0; 50)")
    fleet.add_argument("--dead", type=_positive, metavar="PERCENT", help="answer no connection (default: 0; 5)")
    fleet.add_argument("--slow", type=_positive, metavar="PERCENT", help="take long to answer (default: 0; 5)")
    fleet.add_argument(
        "--slow-seconds", type=_positive, default=10, metavar="S", help="how long (default: %(default)s)"
    )
    fleet.add_argument("--wrong-password", type=_positive, metavar="PERCENT", help="reject the log-in (default: 0; 2)")
    fleet.add_argument(
        "--records",
        type=_count,
        default=2000,
        metavar="N",
        help="--trouble: devices in a job; several may share a simulated one (default: %(default)s)",
    )


def _add_contenders(parser: argparse.ArgumentParser) -> None:
    contenders = parser.add_argument_group("who does it", "Several, with commas between them; the best of each counts.")
    contenders.add_argument("--napalm", type=_list_of(Shape.parse), default="1x25,2x25,4x25,8x25", metavar="PxT")
    contenders.add_argument("--nornir", type=_list_of(_number), default="25,50,100", metavar="WORKERS")
    contenders.add_argument(
        "--netraven",
        type=_list_of(Shape.parse),
        default="2x25,4x25",
        metavar="PxT",
        help="with --trouble and --scale: the last one only",
    )


def _list_of(parse: Callable[[str], Item]) -> Callable[[str], list[Item]]:
    def items(text: str) -> list[Item]:
        try:
            return [parse(item) for item in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"“{text}” is not a list like the default") from None

    return items


def _url(*schemes: str) -> Callable[[str], str]:
    def url(text: str) -> str:
        if text and not text.startswith(schemes):
            raise argparse.ArgumentTypeError(f"it must begin with {schemes[0]}")
        return text

    return url


def _number(text: str) -> int:
    """ValueError unless it is at least 1."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _count(text: str) -> int:
    try:
        return _number(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of things") from None


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number from 0 up")
    return number
