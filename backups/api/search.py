"""`GET /api/search`: a text, or a regular expression, in the configurations that the user may read."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from backups.api.content import is_masked
from backups.search.query import BadQuery, Query
from backups.search.searching import Match, Result, Run, search
from backups.search.sources import Scope
from netraven.filtering import flag_from, refuse_unknown
from netraven.permissions import requires, signed_in_user
from netraven.throttling import HeavyThrottle

PARAMETERS = {"q", "regex", "case", "versions", "find", "tag", "platform", "device", "after", "masked"}


class FoundLineSerializer(serializers.Serializer[Any]):
    """A line; of a hit, `start` and `end` tell where its first match is. What is longer than 300 characters is cut."""

    number = serializers.IntegerField()
    text = serializers.CharField()
    hit = serializers.BooleanField(source="is_hit")
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class FoundRunSerializer(serializers.Serializer[Run]):
    """Versions one after the other with the same hits: the newest backup of them, and its lines, in blocks."""

    backup = serializers.UUIDField(source="backup.pk")
    finished_at = serializers.DateTimeField(source="backup.finished_at")
    version = serializers.IntegerField(source="backup.version")
    oldest_version = serializers.IntegerField(source="oldest")
    versions = serializers.IntegerField()
    blocks = serializers.ListField(child=FoundLineSerializer(many=True), source="found.blocks")
    more = serializers.BooleanField(source="found.more")


class FoundDeviceSerializer(serializers.Serializer[Match]):
    """A device with its hits; without any if it is one of those that do not contain it."""

    device = serializers.UUIDField(source="device.pk")
    hostname = serializers.CharField(source="device.hostname")
    platform = serializers.CharField(source="device.platform.slug")
    newest_backup = serializers.UUIDField(source="newest.pk")
    whole = serializers.BooleanField()
    runs = FoundRunSerializer(many=True)


class ResultSerializer(serializers.Serializer[Result]):
    """What was found, and how far the search came."""

    searched = serializers.IntegerField()
    total = serializers.IntegerField()
    timed_out = serializers.BooleanField()
    without_configuration = serializers.IntegerField(source="without")
    unread = serializers.IntegerField()
    unreadable = serializers.ListField(child=serializers.CharField())
    seconds = serializers.FloatField()
    results = FoundDeviceSerializer(many=True, source="matches")


class SearchSerializer(ResultSerializer):
    """The same, with the address to go on at."""

    next = serializers.URLField(allow_null=True)
    masked = serializers.BooleanField()


class SearchView(APIView):
    """Configurations that contain a text; masked ones as the user reads them."""

    permission_classes = [requires("backups.view_backup", "backups.view_config")]
    throttle_classes = [HeavyThrottle]

    def get(self, request: Request) -> Response:
        """A page of what is found: up to 100 devices or 500 lines, or as far as it came in time."""
        refuse_unknown(request, PARAMETERS)
        given = request.query_params
        if wrong := [name for name, text in given.items() if "\x00" in text]:
            raise ValidationError({name: ["Null characters are not allowed."] for name in wrong})
        query = Query(given.get("q", ""), flag_from(request, "regex"), flag_from(request, "case"))
        every_version = _one_of(request, "versions", "current", "all") == "all"
        scope = Scope(given.get("tag", ""), given.get("platform", ""), given.get("device", ""), every_version)
        absent, masked = _one_of(request, "find", "present", "absent") == "absent", is_masked(request)
        user, after = signed_in_user(request), given.get("after", "")
        try:
            result = search(query, scope, user, masked=masked, absent=absent, after=after)
        except BadQuery as error:
            raise ValidationError({"q": [str(error)]}) from None
        onward = replace_query_param(request.build_absolute_uri(), "after", result.after) if result.after else None
        return Response({"next": onward, "masked": masked, **ResultSerializer(result).data})


def _one_of(request: Request, name: str, *choices: str) -> str:
    given = request.query_params.get(name, choices[0])
    if given not in choices:
        raise ValidationError({name: [f"Give {' or '.join(choices)}."]})
    return given
