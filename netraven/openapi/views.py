"""The description itself, and a page to read it and to try it out; nothing of it comes from elsewhere."""

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.auth.mixins import LoginRequiredMixin
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import IsAuthenticated


class SchemaView(SpectacularJSONAPIView):
    """`GET /api/schema`: OpenAPI 3.1, as JSON."""

    permission_classes = [IsAuthenticated]


@method_decorator(csp_update({"img-src": [SELF, "data:"]}), name="dispatch")  # Swagger's icons stand in its style sheet
class DocsView(LoginRequiredMixin, TemplateView):
    """`/api-docs/`: the description as a page."""

    template_name = "api_docs.html"
