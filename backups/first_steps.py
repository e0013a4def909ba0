"""What a new installation needs before it is of use, and what of it is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from credentials.models import Credential
from devices.models import Device


@dataclass(frozen=True)
class FirstStep:
    """`name` is credential, device or backup."""

    name: str
    done: bool


def first_steps() -> Sequence[FirstStep]:
    """In their order. One query in an installation where all are done."""
    backed_up = Device.objects.filter(last_success_at__isnull=False).exists()
    return [
        FirstStep("credential", backed_up or Credential.objects.exists()),
        FirstStep("device", backed_up or Device.objects.exists()),
        FirstStep("backup", backed_up),
    ]
