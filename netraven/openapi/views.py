"""The description itself, and a page to read it and to try it out; nothing of it comes from elsewhere."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import IsAuthenticated

# No script, style or request but to this server; Swagger's icons are in its style sheet, as data.
POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"


class SchemaView(SpectacularJSONAPIView):
    """`GET /api/schema`: OpenAPI 3.1, as JSON."""

    permission_classes = [IsAuthenticated]


class DocsView(LoginRequiredMixin, TemplateView):
    """`/api-docs/`: the description as a page."""

    template_name = "api_docs.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """With a policy that keeps everything else out."""
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        return response
