"""Records that are written by NetRaven alone."""

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """For a ModelAdmin: to look at only, for superusers too."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
