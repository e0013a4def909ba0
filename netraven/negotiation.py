"""What an answer looks like."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OneFormat(DefaultContentNegotiation):
    """Each endpoint has one format, whatever `Accept` says; the errors of a text/plain endpoint are JSON too."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The view's first renderer and its media type."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
