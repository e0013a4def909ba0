"""Records that a restricted user sees too, for the names in paths and the values of filters."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Count, Model

from backups.models import Backup, Job, LoginAttempt
from credentials.models import Credential
from devices.models import Device, HostKey, Tag
from netraven.api_tokens.models import TokenDetails
from scheduling.models import Schedule

# What a path calls otherwise than the model
NAMED = {"tokens": TokenDetails}
APP_LABEL = "devices"  # of the console's page of one app


class Samples:
    """One of each model; those with the most to show, and all visible to `user`."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._found: dict[type[Model], Model | None] = {}

    def value(self, parameter: str, before: list[str]) -> str | None:
        """For a name in a path, by what stands before it: `devices/<pk>`, `devices/device/<object_id>`."""
        if parameter == "app_label":
            return APP_LABEL
        if parameter.startswith("old"):
            return str(self.previous.pk)
        model = next((model for part in reversed(before) if (model := _model_named(part))), None)
        sample = self.of(model) if model else None
        if sample is None:
            return None
        return str(getattr(sample, "slug" if parameter == "slug" else "pk"))

    def of(self, model: type[Model]) -> Any:
        """The sample of a model, None if there is no record."""
        if model not in self._found:
            choose: dict[type[Model], Callable[[], Model | None]] = {
                Device: self._device,
                Backup: lambda: self.backup,
                Job: self._job,
                Schedule: lambda: Schedule.objects.order_by("-all_devices", "pk").first(),
                Credential: self._credential,
                Tag: lambda: Tag.objects.annotate(number=Count("devices")).order_by("-number", "pk").first(),
                HostKey: lambda: HostKey.objects.visible_to(self._user).offered().first(),
                TokenDetails: lambda: TokenDetails.objects.filter(token__user=self._user).first(),
            }
            self._found[model] = choose.get(model, lambda: model._default_manager.order_by("pk").first())()
        return self._found[model]

    @cached_property
    def backup(self) -> Backup:
        """A good one that changed something."""
        changed = Backup.objects.completed().visible_to(self._user).filter(changed=True, version__gte=3)
        return changed.order_by("-created_at", "-id")[0]

    @cached_property
    def previous(self) -> Backup:
        """The good one before it."""
        previous = Backup.objects.good_before(self.backup)
        if previous is None:
            raise LookupError("the first version of a configuration is no good sample")
        return previous

    def _device(self) -> Device:
        return Device.objects.get(pk=self.backup.device_id)

    def _job(self) -> Job | None:
        """The largest of the last runs."""
        jobs = Job.objects.filter(job_type=Job.Type.BACKUP, trigger=Job.Trigger.SCHEDULE)
        return max(jobs.order_by("-created_at")[:20], key=lambda job: job.metadata.get("devices", 0), default=None)

    def _credential(self) -> Credential | None:
        """The one that is used most."""
        used = LoginAttempt.objects.order_by().values("credential").annotate(number=Count("pk")).order_by("-number")
        most = used.first()
        return Credential.objects.get(pk=most["credential"]) if most else Credential.objects.first()


def _model_named(part: str) -> type[Model] | None:
    """`devices`, `host-keys`, or as the console says it, `hostkey`."""
    if part in NAMED:
        return NAMED[part]
    for model in apps.get_models():
        plural = str(model._meta.verbose_name_plural).replace(" ", "-")
        if part in (model._meta.model_name, plural):
            return model
    return None
