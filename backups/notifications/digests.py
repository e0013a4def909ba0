"""When a channel's digest is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backups.models import Channel

DAY = timedelta(days=1)


def next_digest(channel: Channel, now: datetime) -> datetime:
    """The next full hour, or the next time of day; a time that does not come, when clocks are set forward, is later.

    Of a time that comes twice it is the first.
    """
    if channel.mode == Channel.Mode.HOURLY:  # of real time: nothing is lost or doubled when clocks are changed
        return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    zone = _zone_of(channel)
    today = now.astimezone(zone).date()
    # To UTC before it is compared: a time that comes twice, or never, is equal to none in another zone
    times = (datetime.combine(day, channel.digest_time, zone).astimezone(UTC) for day in (today, today + DAY))
    return next(moment for moment in times if moment > now)


def _zone_of(channel: Channel) -> ZoneInfo:
    """UTC if the zone has been abolished: better at another hour than never."""
    try:
        return ZoneInfo(channel.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
