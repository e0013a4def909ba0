"""The app of API tokens."""

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """See the package."""

    name = "netraven.api_tokens"
    label = "tokens"
    verbose_name = "API tokens"
