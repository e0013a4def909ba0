"""How often a person, or a program in their name, may ask for what takes much work."""

from rest_framework.throttling import UserRateThrottle


class HeavyThrottle(UserRateThrottle):
    """So many requests of one user, by pages and API together."""

    scope = "heavy"
