"""Operator console: the audit trail, to look at."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backups.admin.readonly import ReadOnly
from backups.templatetags.records import utc
from netraven.audit.acting import Via
from netraven.audit.changes import Reader
from netraven.audit.kinds import KINDS, in_words, kind_name
from netraven.audit.models import AuditEntry, AuditQuerySet
from netraven.pagination import BoundedPaginator

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Entries = admin.ModelAdmin[AuditEntry]
else:
    _Entries = admin.ModelAdmin

MOST_USERS = 100  # in the filter; all others are found by search
WITHOUT_USER = {f"({via.value})": via for via in (Via.COMMAND, Via.SYSTEM)}


class ActorFilter(admin.SimpleListFilter):
    """Who did it."""

    title = "user"
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Users, and what acts without one."""
        names = User.objects.order_by("username").values_list("username", flat=True)[:MOST_USERS]
        return [*((key, str(via.label)) for key, via in WITHOUT_USER.items()), *((name, name) for name in names)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Theirs."""
        if not (name := self.value()):
            return queryset
        if via := WITHOUT_USER.get(name):
            return queryset.filter(via=via, actor_name="")
        return queryset.filter(actor_name=name)


class KindFilter(admin.SimpleListFilter):
    """What it is about."""

    title = "kind of record"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All kinds."""
        return [(name, in_words(name)) for name in KINDS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """About records of this kind."""
        model = KINDS.get(self.value() or "")
        return queryset.filter(content_type=ContentType.objects.get_for_model(model)) if model else queryset


class Trail(ChangeList):
    """A page of entries, with the words for their changes: one query for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        """As usual; and then put it into words."""
        super().get_results(request)
        entries = list(self.result_list)
        reader = Reader(entries, cast(User, request.user))
        for entry in entries:
            entry.told = reader.changes(entry)
        self.result_list = entries


# The library has registered its own, which searches whole changes and counts the table
if admin.site.is_registered(AuditEntry):
    admin.site.unregister(AuditEntry)


@admin.register(AuditEntry)
class AuditAdmin(ReadOnly, _Entries):
    """The trail, newest first."""

    list_display = ["when", "who", "did", "subject", "what_changed", "whence"]
    list_display_links = ["when"]
    list_filter = [ActorFilter, "action", KindFilter, "via", "masked", "timestamp"]
    list_select_related = ["content_type"]
    search_fields = ["object_repr"]  # and more: see get_search_results
    ordering = ["-timestamp", "-id"]
    sortable_by = ()
    paginator = BoundedPaginator
    change_list_template = "admin/audit/change_list.html"
    change_form_template = "admin/audit/change_form.html"
    fields = ("when", "who", "did", "subject", "what_changed", "more", "whence", "cid")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> AuditQuerySet:
        """What the user may know of."""
        return AuditEntry.objects.visible_to(cast(User, request.user))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By what indexes find."""
        text = search_term.strip()
        return (queryset.naming(text) if text else queryset), False

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """The list with words."""
        return Trail

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEntry | None:
        """With the words for its changes."""
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            cast(Any, entry).told = Reader([entry], cast(User, request.user)).changes(entry)
        return entry

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is nothing at all."""
        no_entries = not self.get_queryset(request).exists()
        return super().changelist_view(request, {"no_entries": no_entries} | (extra_context or {}))

    @admin.display(description="Time")
    def when(self, entry: AuditEntry) -> str | SafeString:
        """To a second."""
        return utc(entry.timestamp)

    @admin.display(description="Who")
    def who(self, entry: AuditEntry) -> str:
        """The user, or what acted without one."""
        return entry.who

    @admin.display(description="Action")
    def did(self, entry: AuditEntry) -> str:
        """And, of reading, whether secrets were masked."""
        how = "" if entry.masked is None else (", masked" if entry.masked else ", with secrets")
        return f"{entry.get_action_display()}{how}"

    @admin.display(description="Record")
    def subject(self, entry: AuditEntry) -> str | SafeString:
        """Its kind and its name, with a link."""
        kind = in_words(kind_name(entry.content_type)) if entry.content_type else ""
        if not entry.object_pk:
            return kind or "–"
        name = f"{kind} {entry.object_repr}"
        link = _link_to(entry)
        return format_html('<a href="{}">{}</a>', link, name) if link else name

    @admin.display(description="What changed")
    def what_changed(self, entry: Any) -> str | SafeString:
        """By field; without any, what else was written down."""
        if not entry.told:
            return entry.details or "–"
        return SafeString(render_to_string("admin/audit/_changes.html", {"changes": entry.told}))

    @admin.display(description="From")
    def whence(self, entry: AuditEntry) -> str:
        """The way, the token, the address."""
        token = f"token “{entry.token_name}”" if entry.token_name else ""
        return ", ".join(filter(None, (str(entry.get_via_display()), token, entry.remote_addr or "")))

    @admin.display(description="Details")
    def more(self, entry: AuditEntry) -> str:
        """What else was written down."""
        return entry.details or "–"


def _link_to(entry: AuditEntry) -> str:
    """The record's page in the console; empty for one that is gone or has none."""
    if entry.action == AuditEntry.Action.DELETE or entry.content_type is None:
        return ""
    try:
        kind = entry.content_type
        return reverse(f"admin:{kind.app_label}_{kind.model}_change", args=[entry.object_pk])
    except NoReverseMatch:
        return ""
