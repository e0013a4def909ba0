"""Times of day in the REST API, as a clock on the wall shows them."""

import re
from datetime import time
from typing import Any

from rest_framework import serializers

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?", re.ASCII)


class WallTimeField(serializers.TimeField):
    """`02:30`, in the zone of its record: one with a zone of its own is refused, where DRF would forget that."""

    def to_internal_value(self, value: Any) -> time:
        """The time of day. Raises ValidationError."""
        if not isinstance(value, str) or not _CLOCK.fullmatch(value):
            raise serializers.ValidationError("Give a time of day such as 02:30, without a zone: that is in time_zone.")
        return super().to_internal_value(value)
