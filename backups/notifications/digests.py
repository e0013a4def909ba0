"""When a channel's digest is due."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backups.models import Channel


def next_digest(channel: Channel, now: datetime) -> datetime:
    """The next full hour, or the next time of day; a time that does not come, when clocks are set forward, is later.

    Of a time that comes twice it is the first.
    """
    if channel.mode == Channel.Mode.HOURLY:  # of real time: nothing is lost or doubled when clocks are changed
        return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    zone = _zone_of(channel)
    today = datetime.combine(now.astimezone(zone).date(), channel.digest_time, zone)
    return today if today.timestamp() > now.timestamp() else today + timedelta(days=1)


def _zone_of(channel: Channel) -> ZoneInfo:
    """UTC if the zone has been abolished: better at another hour than never."""
    try:
        return ZoneInfo(channel.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
