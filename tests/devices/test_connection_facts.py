"""What counts as a fact."""

from devices.connection import Facts
from devices.connection.facts import clean_facts

GOOD = {
    "vendor": "Cisco",
    "model": "ISR4331/K9",
    "os_version": "16.9.4",
    "serial_number": "FDO1",
    "hostname": "core1",
    "fqdn": "core1.example.net",
    "uptime": 4.0,
    "interface_list": ["Gi0/0"],
}


def test_facts_are_taken_over() -> None:
    assert clean_facts(GOOD) == Facts("Cisco", "ISR4331/K9", "16.9.4", "FDO1", "core1")


def test_unknown_is_no_fact() -> None:
    assert clean_facts(GOOD | {"serial_number": "Unknown", "hostname": None, "model": "% Invalid input"}) == Facts(
        vendor="Cisco", os_version="16.9.4"
    )


def test_driver_that_recognised_nothing_says_nothing() -> None:
    """Such as the ios driver on a device that only looks like IOS."""
    answer = {
        "vendor": "Cisco",
        "model": "Unknown",
        "os_version": "Unknown",
        "serial_number": "Unknown",
        "hostname": "%",
    }
    assert clean_facts(answer) == Facts()


def test_missing_facts_are_empty() -> None:
    assert clean_facts({}) == Facts()


def test_stack_has_several_serial_numbers() -> None:
    assert clean_facts(GOOD | {"serial_number": ["FDO1", "FDO2", "Unknown"]}).serial_number == "FDO1, FDO2"


def test_fact_is_one_line() -> None:
    assert clean_facts(GOOD | {"os_version": "IOS XE \n  16.9.4 "}).os_version == "IOS XE 16.9.4"
