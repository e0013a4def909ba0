"""Fields and widgets of the form for schedules."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError

from backups.admin.choices import is_id

NAMES_LENGTH = 200_000  # characters: some ten thousand host names


class SearchMany(AutocompleteSelectMultiple):
    """A search as one types, for several; what is no id chooses nothing, where Django's own would fail."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        """Only what is chosen: the rest is searched for."""
        return super().optgroups(name, [text for text in value if is_id(str(text))], attrs)


class ClockInput(forms.TimeInput):
    """The browser's own input for a time of day, to the second only if there are any."""

    input_type = "time"

    def format_value(self, value: Any) -> str | None:
        """As browsers want it."""
        if isinstance(value, time):
            return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
        return super().format_value(value)


class WallInput(forms.MultiWidget):
    """A date and a time of day."""

    use_fieldset = True

    def __init__(self, label: str) -> None:
        day = forms.DateInput({"type": "date", "aria-label": f"{label}: date"}, format="%Y-%m-%d")
        super().__init__([day, ClockInput({"aria-label": f"{label}: time of day"})])

    def decompress(self, value: datetime | None) -> list[date | time | None]:
        """What each of the two shows."""
        return [value.date(), value.time()] if value else [None, None]


class WallField(forms.MultiValueField):
    """What a clock on the wall shows: a datetime without a time zone, which the form knows."""

    def __init__(self, *, label: str, **options: Any) -> None:
        fields = (
            forms.DateField(error_messages={"invalid": "Give a date such as 2026-12-31."}),
            forms.TimeField(error_messages={"invalid": "Give a time of day such as 02:30."}),
        )
        super().__init__(fields, label=label, widget=WallInput(label), **options)

    def compress(self, data_list: list[Any]) -> datetime | None:
        """Both together; None if neither is given."""
        if not data_list:
            return None
        day, at = data_list
        if day in self.empty_values or at in self.empty_values:
            raise ValidationError("Give both, a date and a time of day.")
        return datetime.combine(day, at)


class HostnamesField(forms.CharField):
    """Host names, one per line."""

    widget = forms.Textarea({"rows": 3, "cols": 40, "spellcheck": "false"})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=NAMES_LENGTH, **options)

    def clean(self, value: Any) -> list[str]:
        """Each once."""
        return list(dict.fromkeys(str(super().clean(value) or "").split()))
