"""NAPALM's facts, without what is no fact."""

from collections.abc import Mapping

from devices.connection.terms import Facts

NO_FACT = {"unknown", "none", "n/a", "not available", "%", "-", "?", "-1"}


def clean_facts(answer: Mapping[str, object]) -> Facts:
    """Facts out of `get_facts`, empty where the driver made something up because it recognised nothing.

    The vendor is what the driver always says, so without anything else it says nothing about the device.
    """
    facts = Facts(**{name: _clean(answer.get(name)) for name in Facts.__dataclass_fields__})
    return facts if facts.model or facts.os_version or facts.serial_number else Facts()


def _clean(value: object) -> str:
    if isinstance(value, list):  # some drivers give one serial number for each member of a stack
        return ", ".join(filter(None, map(_clean, value)))
    text = " ".join(str(value).split())
    return "" if text.lower() in NO_FACT or text.startswith("%") else text
