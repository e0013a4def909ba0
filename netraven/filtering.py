"""How lists of the REST API are narrowed, searched and ordered; whatever a list does not know is refused by name."""

from typing import TYPE_CHECKING, Any, cast

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView

LONGEST = 4_000  # characters of a parameter
MOST_WORDS = 50  # of a search: each is a condition, and SQLite takes no thousand of them


class FlagFilter(filters.TypedChoiceFilter):  # type: ignore[misc]  # django-filter has no annotations
    """`true` or `false`; anything else is refused, where django-filter's own ignores it and gives all rows."""

    def __init__(self, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda value: value == "true", **options)


class StrictFilter(filters.DjangoFilterBackend):  # type: ignore[misc]  # django-filter has no annotations
    """The view's filters; a parameter that the list does not know is a 400, where others would give all rows."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """Those of the rows that were asked for. Raises ValidationError."""
        if _shows_one(view):
            return queryset
        refuse_unknown(request, self._known(request, queryset, cast("GenericAPIView[Any]", view)))
        narrowed: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return narrowed

    def _known(self, request: Request, queryset: QuerySet[Any], view: "GenericAPIView[Any]") -> set[str]:
        filterset = self.get_filterset_class(view, queryset)
        known = set(filterset.base_filters if filterset else ()) | set(getattr(view.paginator, "parameters", ()))
        known |= {"search"} if getattr(view, "search_fields", None) else set()
        known |= set(getattr(view, "more_parameters", ()))
        return known | ({"ordering"} if getattr(view, "ordering_fields", None) else set())


class StrictSearch(SearchFilter):
    """`?search=core`: in all of the view's `search_fields`."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """Those of the rows that hold each of the words."""
        return queryset if _shows_one(view) else super().filter_queryset(request, queryset, view)

    def get_search_terms(self, request: Request) -> list[str]:
        """The words. Raises ValidationError if they are too many."""
        words: list[str] = super().get_search_terms(request)
        if len(words) > MOST_WORDS:
            raise ValidationError({"search": [f"Give at most {MOST_WORDS} words."]})
        return words


class StableOrdering(OrderingFilter):
    """`?ordering=-last_success_at`; equal rows stay in one order, or pages would repeat and lose some."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """In the order asked for, else in that of the view, else in the model's own. Raises ValidationError."""
        allowed = getattr(view, "ordering_fields", None)
        if _shows_one(view) or not allowed:
            return queryset
        asked = [field.strip() for field in request.query_params.get(self.ordering_param, "").split(",")]
        asked = [field for field in asked if field]
        if unknown := [field for field in asked if field.removeprefix("-") not in allowed]:
            raise ValidationError(
                {"ordering": [f"No order: {', '.join(unknown)[:100]}. There are {', '.join(allowed)}."]}
            )
        if not asked and queryset.query.order_by:
            return queryset
        return queryset.order_by(*(asked or queryset.model._meta.ordering), "pk")


def flag_from(request: Request, name: str) -> bool:
    """`?name=true`; left out it is false. Raises ValidationError for anything else."""
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise ValidationError({name: ["Give true or false."]})
    return text == "true"


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Raises ValidationError for each parameter in the URL that is not known: a typing error would give all rows.

    So does one that is longer than databases take patterns: SQLite stops at 50,000 bytes.
    """
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise ValidationError({name[:100]: ["There is no such parameter."] for name in unknown[:10]})
    if long := [name for name, text in request.query_params.items() if len(text) > LONGEST]:
        raise ValidationError({name: [f"Give at most {LONGEST:,} characters."] for name in long})


def _shows_one(view: APIView) -> bool:
    """Whether the view is about the one row in its URL: filters are for lists."""
    lookup = getattr(view, "lookup_url_kwarg", None) or getattr(view, "lookup_field", "pk")
    return lookup in view.kwargs
