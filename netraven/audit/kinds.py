"""The kinds of records that the trail is about, by the names that filters and answers have for them."""

from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from backups.models import Backup, Channel, Job
from credentials.models import Credential
from devices.models import Device, Gateway, HostKey, Platform, Tag, TagCredential
from netraven.api_tokens.models import TokenDetails
from scheduling.models import Schedule

KINDS: dict[str, type[Model]] = {
    "backup": Backup,
    "channel": Channel,
    "credential": Credential,
    "device": Device,
    "gateway": Gateway,
    "group": Group,
    "host_key": HostKey,
    "job": Job,
    "platform": Platform,
    "schedule": Schedule,
    "tag": Tag,
    "tag_credential": TagCredential,
    "token": TokenDetails,
    "user": User,
}
_NAMES = {model: name for name, model in KINDS.items()}


def kind_name(kind: ContentType | None) -> str:
    """`device`; empty for an entry that is about no record."""
    model = kind.model_class() if kind else None
    return _NAMES.get(model, kind.model if kind else "") if model else ""


def in_words(name: str) -> str:
    """`Host key`."""
    return "API token" if name == "token" else name.replace("_", " ").capitalize()
