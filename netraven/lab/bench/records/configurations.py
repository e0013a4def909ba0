"""A few hundred configurations that differ; each device has files of its own with some of them in it."""

import os
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from backups import storage
from backups.fingerprint import change_hash, content_hash
from devices.models import Device, Platform
from devices.text import encode
from netraven.lab.bench.configs import CONFIG_BYTES, long_config
from netraven.lab.bench.records.network import PLATFORM_SHARES
from netraven.lab.platforms import PLATFORMS, render_config

FAMILIES, VERSIONS = 8, 8  # families of each platform, and versions of each family
PREFIX_LIST = "policy-options {{ prefix-list site-{number} {{ 10.{number}.0.0/16; }} }}\n"


@dataclass
class Text:
    """The bytes of a configuration, its hashes, and the first file that holds it."""

    content: bytes
    content_hash: str
    change_hash: str
    file: Path | None = None

    def file_for(self, device: Device, when: datetime, folder: str = storage.CONFIGS) -> str:
        """The path of a file of the device's own: a hard link to the first one, or a copy where there are none."""
        path = storage.file_name(device.pk, device.hostname, when, folder)
        file = Path(storage.config_storage().path(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        if self.file is None:
            file.write_bytes(self.content)
            self.file = file
            return path
        try:
            os.link(self.file, file)
        except FileExistsError:
            pass
        except OSError:
            shutil.copyfile(self.file, file)
        return path


@dataclass
class Family:
    """How the configuration of some devices went on from change to change, and half a one."""

    versions: list[Text] = field(default_factory=list)
    half: Text | None = None


def make_families() -> dict[str, list[Family]]:
    """Some families by the slug of their platform."""
    platforms = Platform.objects.in_bulk(list(PLATFORM_SHARES), field_name="slug")
    return {slug: [_family(platform, number) for number in range(FAMILIES)] for slug, platform in platforms.items()}


def _family(platform: Platform, number: int) -> Family:
    whole = _long(render_config(PLATFORMS[platform.slug].template, f"{platform.slug}-{number}"))
    lines = whole.splitlines(keepends=True)
    family = Family(half=_text("".join(lines[: len(lines) // 2]), platform))
    for version in range(VERSIONS):
        # Ten lines change with each version, spread over the configuration
        places = {len(lines) * part // 11 for part in range(1, 11)}
        changed = [
            line.replace("\n", f" {version}\n") if place in places and "description" in line else line
            for place, line in enumerate(lines)
        ]
        middle = len(changed) // 2
        notes = [f"! change {version}.{note}\n" for note in range(version)]
        family.versions.append(_text("".join([*changed[:middle], *notes, *changed[middle:]]), platform))
    return family


def _long(config: str) -> str:
    if "\nend\n" in config or "interface " in config:
        return long_config(config)
    more = [PREFIX_LIST.format(number=number) for number in range(CONFIG_BYTES // len(PREFIX_LIST))]
    return config + "".join(more)


def _text(config: str, platform: Platform) -> Text:
    content = encode(config)
    return Text(content, content_hash(content), change_hash(config, platform.volatile_patterns))
