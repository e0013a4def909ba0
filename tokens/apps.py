"""The app of API tokens."""

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """See `tokens`."""

    name = "tokens"
    verbose_name = "API tokens"
