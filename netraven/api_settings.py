"""Settings of the REST API, for netraven/settings.py."""

from datetime import timedelta
from typing import Any

import environ
from rest_framework.settings import DEFAULTS


def rest_framework(env: environ.Env, *, proxies: int) -> dict[str, Any]:
    """Django's REST_FRAMEWORK; `proxies` says how many addresses in X-Forwarded-For are to be believed."""
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "netraven.authentication.BearerAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["netraven.permissions.ModelPermissions"],
        "DEFAULT_FILTER_BACKENDS": [
            "netraven.filtering.StrictFilter",
            "netraven.filtering.StrictSearch",
            "netraven.filtering.StableOrdering",
        ],
        "DEFAULT_PAGINATION_CLASS": "netraven.pagination.PagePagination",
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["netraven.parsers.StrictJSONParser"],
        "DEFAULT_CONTENT_NEGOTIATION_CLASS": "netraven.negotiation.OneFormat",
        "EXCEPTION_HANDLER": "netraven.exception_handler.handle_exception",
        # Without it a client chooses the address it is throttled by, in X-Forwarded-For.
        "NUM_PROXIES": proxies,
        "DEFAULT_THROTTLE_RATES": {
            "log-in": env.str("NETRAVEN_LOGIN_RATE", default="10/min"),
            "heavy": env.str("NETRAVEN_HEAVY_RATE", default="60/min"),
        },
        "DEFAULT_SCHEMA_CLASS": "netraven.openapi.schema.ApiSchema",
        "TEST_REQUEST_DEFAULT_FORMAT": "json",
        "DATETIME_FORMAT": DEFAULTS["DATETIME_FORMAT"],
    }


def rest_knox(env: environ.Env) -> dict[str, Any]:
    """Django's REST_KNOX: API tokens."""
    return {
        "AUTH_HEADER_PREFIX": "Bearer",
        "TOKEN_TTL": timedelta(hours=env.int("NETRAVEN_TOKEN_HOURS", default=10)),
        "TOKEN_LIMIT_PER_USER": 20,
    }


def spectacular() -> dict[str, Any]:
    """Django's SPECTACULAR_SETTINGS: the OpenAPI description, see netraven/openapi."""
    return {
        "TITLE": "NetRaven",
        "DESCRIPTION": "Network configuration backup. The guide is docs/api.md.",
        "VERSION": "1",
        "OAS_VERSION": "3.1.0",
        "SCHEMA_PATH_PREFIX": "/api",
        "SERVE_INCLUDE_SCHEMA": False,
        "COMPONENT_SPLIT_REQUEST": True,
        "ENUM_NAME_OVERRIDES": {
            "BackupStatusEnum": "backups.models.Backup.Status",
            "JobStatusEnum": "backups.models.Job.Status",
            "WeekdayEnum": "scheduling.models.Schedule.Weekday",
        },
        "PREPROCESSING_HOOKS": ["netraven.openapi.hooks.without_slash"],
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "netraven.openapi.hooks.with_problems",
        ],
    }
