"""Who looks at it: an administrator, and people of regions who see their own devices."""

from dataclasses import dataclass
from random import Random

from django.contrib.auth.models import Group, Permission, User

REGIONS = ["ams", "ber", "bom", "chi", "dub", "fra", "lon", "mad", "nyc", "sin", "syd", "waw"]
ADMIN, REGIONAL = "scale-admin", "scale-regional"
REGIONAL_SEES = ["ber", "fra"]  # of the restricted regions
COLLEAGUES = 60
# Everything that there is to look at, but secrets
APPS, NOT_FOR_REGIONAL = ("backups", "credentials", "devices", "scheduling", "knox", "auth"), ("view_secrets",)


@dataclass(frozen=True)
class People:
    """`groups` by region; `users` ask for backups."""

    admin: User
    regional: User
    groups: dict[str, Group]
    users: list[User]


def make_people(random: Random) -> People:
    """Users who can do everything but log in: nobody knows their passwords, there are none."""
    groups = {region: Group.objects.create(name=f"Region {region}") for region in REGIONS}
    admin = _user(ADMIN, is_staff=True, is_superuser=True)
    regional = _user(REGIONAL, is_staff=True)
    regional.groups.set([groups[region] for region in REGIONAL_SEES])
    regional.user_permissions.set(
        Permission.objects.filter(content_type__app_label__in=APPS).exclude(codename__in=NOT_FOR_REGIONAL)
    )
    colleagues = [_user(f"colleague{number:02}") for number in range(COLLEAGUES)]
    for user in colleagues:
        user.groups.set([groups[region] for region in random.sample(REGIONS, random.randint(1, 3))])
    return People(admin, regional, groups, [admin, regional, *colleagues])


def _user(name: str, **flags: bool) -> User:
    user = User(username=name, **flags)
    user.set_unusable_password()
    user.save()
    return user
