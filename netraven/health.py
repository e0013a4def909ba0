"""`GET /api/health`: for monitors and load balancers; anybody may ask, so it says nothing but whether things work."""

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backups.monitoring import processes_seen, read_task_queue
from netraven.probes import checks as probes
from netraven.problems import MEDIA_TYPE, kind_of, problem


class HealthView(APIView):
    """200 when backups can be asked for and somebody makes them; else 503 with what is missing."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """`database`, `task_queue`: whether they answer; `workers`: processes that gave a sign of life lately."""
        checks: dict[str, Any] = {"database": not probes.database(), "task_queue": False, "workers": 0}
        if checks["database"]:
            checks |= {"task_queue": read_task_queue() is not None, "workers": len(processes_seen())}
        missing = [name.replace("_", " ") for name, good in checks.items() if not good]
        if not missing:
            return Response({"status": "ok"} | checks)
        detail = f"Missing: {', '.join(missing)}."
        return Response(problem(kind_of(503), request.path, detail, checks=checks), status=503, content_type=MEDIA_TYPE)
