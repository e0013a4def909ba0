"""Settings of NetRaven, all from the environment: docs/settings.md lists them.

Nothing secret has a default outside development.
"""

from datetime import timedelta
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from netraven.api_settings import rest_framework, rest_knox, spectacular
from netraven.backup_settings import backup_settings
from netraven.logs import configure_structlog, logging_config
from netraven.metrics_token import metrics_token
from netraven.notification_settings import mail_settings, notification_settings
from netraven.object_store import object_store

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("NETRAVEN_DEBUG", default=False)

# --- keys -------------------------------------------------------------------------------------------------------------


RECIPES = {
    "NETRAVEN_SECRET_KEY": "python -c 'import secrets; print(secrets.token_urlsafe(50))'",
    "NETRAVEN_FIELD_KEYS": "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
}


def _required_key(name: str, development: str) -> str:
    value: str = env.str(name, default="")
    if not value.strip(" ,") and not DEBUG:
        raise ImproperlyConfigured(
            f"{name} is not set. Make one with: {RECIPES[name]} and put it into the environment or .env"
        )
    return value or development


def _field_keys(name: str) -> list[str]:
    """The keys, each of them a Fernet key. A mistake is named by its place in the list: a key is never printed."""
    value = _required_key(name, "ZGV2ZWxvcG1lbnQtb25seS1rZXktMDEyMzQ1Njc4OTA=")
    keys = value.replace(" ", "").strip(",").split(",")
    for place, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name}: key {place} of {len(keys)} is not a Fernet key. Make one with: {RECIPES[name]}"
            ) from None
    return keys


SECRET_KEY = _required_key("NETRAVEN_SECRET_KEY", "development-only-" + "x" * 50)
# A comma-separated list: the first key encrypts, all of them decrypt (see `manage.py rotate_keys`).
FIELD_ENCRYPTION_KEY = _field_keys("NETRAVEN_FIELD_KEYS")

# --- where things are -------------------------------------------------------------------------------------------------


def _with_timeouts(redis_url: str) -> str:
    """A Redis that takes connections and never answers must not hold whoever talks to it."""
    if not redis_url or "socket_timeout" in redis_url:
        return redis_url
    return f"{redis_url}{'&' if '?' in redis_url else '?'}socket_timeout=10&socket_connect_timeout=5"


DATA_DIR = Path(env.str("NETRAVEN_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
REDIS_URL = _with_timeouts(env.str("NETRAVEN_REDIS_URL", default=""))

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'netraven.sqlite3'}")}
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets pages read while workers write; IMMEDIATE makes a writer wait for its turn instead of failing half-way.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}  # a file: worker processes and threads share it
else:
    _database["CONN_MAX_AGE"] = 600  # django-q2 polls: a new connection per query costs ten times the query
    _database["CONN_HEALTH_CHECKS"] = True
    # To compile a statement of ours takes PostgreSQL up to seconds, to run it some milliseconds.
    _database.setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Files on one host; an object store, or a folder that all hosts share, on many.
    "configs": object_store(env)
    or {"BACKEND": "backups.storage.ConfigFileStorage", "OPTIONS": {"location": str(DATA_DIR / "storage")}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "netraven" / "static"]
MEDIA_ROOT = DATA_DIR / "media"

# Throttles and worker statistics need a cache that all processes share: files on one host, Redis on many.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(DATA_DIR / "cache")}
}

# --- the application --------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_q",
    "axes",
    "auditlog",
    "netraven.api_tokens",
    "credentials",
    "devices",
    "backups",
    "scheduling",
    "netraven.audit",
]
MIDDLEWARE = [
    "netraven.middleware.RequestIds",
    "netraven.probes.middleware.Probes",
    "netraven.middleware.ApiProblems",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "netraven.audit.acting.ActingRequest",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "netraven.urls"
WSGI_APPLICATION = "netraven.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "admin:login"
LANGUAGE_CODE = "en"
TIME_ZONE = env.str("NETRAVEN_TIME_ZONE", default="UTC")
USE_TZ = True

# --- security ---------------------------------------------------------------------------------------------------------

ALLOWED_HOSTS = env.list("NETRAVEN_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("NETRAVEN_CSRF_TRUSTED_ORIGINS", default=[])
# NETRAVEN_HTTPS=0 is for a test behind plain HTTP; everything else keeps cookies and tokens on TLS.
HTTPS = env.bool("NETRAVEN_HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
BEHIND_PROXY = env.bool("NETRAVEN_BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_HTTPONLY = True
# Failed log-ins lock a user name for the address that they come from: nobody can lock out somebody elsewhere.
AXES_FAILURE_LIMIT = env.int("NETRAVEN_LOCKOUT_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("NETRAVEN_LOCKOUT_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "netraven.lock_out.client_address"
AXES_LOCKOUT_CALLABLE = "netraven.lock_out.locked_out"
AXES_RESET_ON_SUCCESS = AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
X_FRAME_OPTIONS = "DENY"
# Who changed what: django-auditlog writes into NetRaven's own table, and needs none itself.
AUDITLOG_LOGENTRY_MODEL = "audit.AuditEntry"
AUDITLOG_STORE_JSON_CHANGES = True
MIGRATION_MODULES = {"auditlog": None}
# Pages take scripts, styles, images and data from this server alone, and nothing that stands in the page itself.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# --- REST API ---------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = rest_framework(env, proxies=int(BEHIND_PROXY))
REST_KNOX = rest_knox(env)
SPECTACULAR_SETTINGS = spectacular()
KNOX_TOKEN_MODEL = "knox.AuthToken"  # noqa: S105  (the name of a model)

# --- backups, housekeeping, notifications -----------------------------------------------------------------------------

NETRAVEN = backup_settings(env) | notification_settings(env)

# --- mail -------------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("NETRAVEN_EMAIL_FROM", default="netraven@localhost")
EMAIL_TIMEOUT = 15  # seconds
vars().update(mail_settings(env))

# --- task queue -------------------------------------------------------------------------------------------------------

_workers = env.int("NETRAVEN_WORKERS", default=2)
# A worker's shift is five minutes and what is then under way: see backups/worker.py.
_task_timeout = int(300 + NETRAVEN["DEADLINE"] + NETRAVEN["LEASE"] + 60)
_queue_limit = _workers
Q_CLUSTER = {
    "name": "netraven",
    "label": "Task queue",
    "workers": _workers,
    "queue_limit": _queue_limit,
    "timeout": _task_timeout,
    # Counted from dequeuing: must outlast the tasks that wait in the worker's own queue, or tasks run twice.
    "retry": _task_timeout * (-(-(_queue_limit + 1) // _workers) + 1) + 60,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "recycle": 500,
    "save_limit": 500,
    "guard_cycle": 1,
    "poll": 0.5,
    "log_level": "WARNING",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

# --- monitoring -------------------------------------------------------------------------------------------------------

NETRAVEN |= {"METRICS_TOKEN": metrics_token(env)}

# --- logs -------------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("NETRAVEN_LOG_LEVEL", default="INFO")
LOGGING = logging_config(LOG_LEVEL, as_json=env.bool("NETRAVEN_LOG_JSON", default=not DEBUG))
configure_structlog()
