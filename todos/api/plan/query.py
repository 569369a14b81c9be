"""The query parameters of the plan's routes, in the spellings of known clients.

What is not served is refused by name: a client that filters by a parameter which is not
known here must not get the whole list.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from django.http import QueryDict
from rest_framework import serializers

from config.api.fields import PlainSerializer, field_names
from config.api.validation import validated
from config.json import JSONObject
from config.text import TextField
from todos.api.plan.fields import (
    PRIORITIES,
    STATUSES,
    WORD_MAX_LENGTH,
    TagsField,
    WordField,
    fold_word,
)
from todos.limits import LABELS_MAX, SEARCH_MAX_LENGTH

Direction = Literal["asc", "desc"]

# Other names of parameters, without case and separators.
ALIASES = {
    "statusfilter": "status",
    "iscompleted": "completed",
    "isdone": "completed",
    "done": "completed",
    "q": "search",
    "query": "search",
    "tags": "tag",
    "sortby": "sort",
    "sortfield": "sort",
    "orderby": "sort",
    "ordering": "sort",
    "sortorder": "order",
    "sortdirection": "order",
    "direction": "order",
    "pagesize": "limit",
    "perpage": "limit",
    "offset": "skip",
    "userid": "user_id",
}
# Names of parameters that only keep caches from answering; their values are numbers.
CACHE_BUSTERS = {"", "t", "ts", "cb", "timestamp", "nocache", "cachebust", "rand"}
UNKNOWN_MAX = 10  # parameters that a refusal names

COLUMNS = {
    "created": "created_at",
    "created_at": "created_at",
    "createdAt": "created_at",
    "updated": "updated_at",
    "updated_at": "updated_at",
    "updatedAt": "updated_at",
    "due": "due_date",
    "due_date": "due_date",
    "dueDate": "due_date",
    "title": "title",
    "priority": "priority",
}
OTHER_COLUMNS = {
    "created_date": "created_at",
    "created_on": "created_at",
    "date_created": "created_at",
    "creation_date": "created_at",
    "updated_date": "updated_at",
    "updated_on": "updated_at",
    "date_updated": "updated_at",
    "modified": "updated_at",
    "modified_at": "updated_at",
    "deadline": "due_date",
    "date_due": "due_date",
    "name": "title",
    "alphabetical": "title",
}
DIRECTIONS: dict[str, Direction] = {
    "ascending": "asc",
    "descending": "desc",
    "asc": "asc",
    "desc": "desc",
}
SIGNS: dict[str, Direction] = {"-": "desc", "+": "asc", " ": "asc"}  # `+` is a space
# Words that are a column and a direction in one.
WHOLE_SORTS: dict[str, tuple[str, Direction]] = {
    "newest": ("created_at", "desc"),
    "newestfirst": ("created_at", "desc"),
    "latest": ("created_at", "desc"),
    "oldest": ("created_at", "asc"),
    "oldestfirst": ("created_at", "asc"),
}
NEWEST_FIRST = {"created_at", "updated_at"}
MAX_LIMIT = 500
MAX_PAGE = 1_000_000


class SortField(WordField):
    """A column, and the direction or `None`.

    The direction is a `-` or `+` in front, or a word at the end: `created_desc`,
    `dueDate:desc`, `title,asc`.
    """

    default_error_messages = {
        "invalid": "Must be one of: {words}. For a direction put - in front, or _asc or"
        " _desc behind.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COLUMNS, **kwargs)
        for word, column in OTHER_COLUMNS.items():
            self.folded[fold_word(word)] = column

    def to_internal_value(self, data: object) -> tuple[str, Direction | None]:
        text = data if isinstance(data, str) else ""
        word = fold_word(text.lstrip("+-"))
        if word in WHOLE_SORTS:
            return WHOLE_SORTS[word]
        sign = SIGNS.get(text[:1])
        for end, direction in DIRECTIONS.items():
            if word.endswith(end) and sign is None:
                word, sign = word.removesuffix(end), direction
        return super().to_internal_value(word), sign


class PlanQuerySerializer(PlainSerializer):
    """The query parameters of the list of tasks.

    The plan has no pages, and its clients expect all tasks. So a page holds 500 tasks
    by default, which is also the maximum.
    """

    status = WordField(
        STATUSES | {"all": None},
        default=None,
        help_text="Filter by status, in any case. Alias: `status_filter`.",
    )
    completed = WordField(
        {"true": True, "1": True, "false": False, "0": False},
        default=None,
        help_text="Filter by completion, in any case.",
    )
    priority = WordField(
        PRIORITIES | {"all": None},
        default=None,
        help_text="Filter by priority, in any case.",
    )
    search = TextField(
        max_length=SEARCH_MAX_LENGTH,
        allow_blank=True,
        default="",
        help_text="Words in the title or description, in any case. Alias: `q`.",
    )
    tag = TagsField(
        max_length=LABELS_MAX,
        default=list,
        help_text="Tasks with all of these tags; separate them by commas, or repeat the"
        " parameter. Alias: `tags`.",
    )
    sort = SortField(
        default=None,
        help_text="Sort field, in any case; by default `created`. It can carry the"
        " order: `-created`, `title_desc`. Alias: `sort_by`.",
    )
    order = WordField(
        DIRECTIONS,
        shown=("asc", "desc"),
        default=None,
        help_text="Sort order. By default newest first for `created` and `updated`,"
        " otherwise ascending. Alias: `sort_order`.",
    )
    page = serializers.IntegerField(
        min_value=1,
        max_value=MAX_PAGE,
        default=1,
        help_text="The number of the page, from 1.",
    )
    skip = serializers.IntegerField(
        min_value=0,
        max_value=MAX_PAGE * MAX_LIMIT,
        default=None,
        help_text="The number of tasks before the page, instead of `page`. Alias:"
        " `offset`.",
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MAX_LIMIT,
        default=MAX_LIMIT,
        help_text="Tasks per page. Alias: `page_size`.",
    )

    @classmethod
    def read(cls, given: JSONObject) -> JSONObject:
        """Return what `parameters_of` a query found, validated.

        `order` is the direction, and `skip` the number of tasks before the page.

        Raises:
            ValidationError: by the name of the parameter, not the alias.
        """
        return validated(cls, given)

    def to_internal_value(self, data: JSONObject) -> JSONObject:
        values: JSONObject = super().to_internal_value(data)
        if {"skip", "page"} <= data.keys():
            raise serializers.ValidationError(
                {"skip": "Use either `page` or `skip`, not both."}
            )
        return values

    def validate(self, given: JSONObject) -> JSONObject:
        """Resolve what two parameters say together."""
        column, direction = given["sort"] or ("created_at", None)
        if direction and given["order"] not in {None, direction}:
            raise serializers.ValidationError(
                {"order": "This is not the order that `sort` has."}
            )
        by_default = "desc" if column in NEWEST_FIRST else "asc"
        return given | {
            "sort": column,
            "order": direction or given["order"] or by_default,
            "skip": given["skip"] or (given["page"] - 1) * given["limit"],
        }


# `user_id` is not documented: it must name the caller, as in the route.
NAMES = (*field_names(PlanQuerySerializer), "user_id")


def parameters_of(query: QueryDict, names: Collection[str]) -> JSONObject:
    """Return the parameters by their own names, without those that ask for nothing.

    Tags are a list, all others a text.

    Raises:
        ValidationError: by name, for parameters that are not among `names`, and for
            contradictory ones.
    """
    given: JSONObject = {}
    refused: dict[str, str] = {}
    for sent, values in query.lists():
        name = _own_name(sent, values)
        if name == "tag" and name in names:
            given[name] = [*given.get(name, []), *",".join(values).split(",")]
            continue
        wanted = {value for value in values if value}
        if name not in names:
            if not _asks_for_nothing(sent, wanted):
                refused[sent[:WORD_MAX_LENGTH]] = _unknown(names)
        elif len(wanted) > 1 or (wanted and given.get(name, *wanted) not in wanted):
            refused[name] = "Send one value."
        elif wanted:
            (given[name],) = wanted
    if refused:
        raise serializers.ValidationError(dict([*refused.items()][:UNKNOWN_MAX]))
    return given


def _own_name(sent: str, values: list[str]) -> str:
    """Return the name of a parameter here; for an unknown one, as it was sent."""
    word = fold_word(sent.removesuffix("[]"))
    name = ALIASES.get(word, word)
    if name == "sort" and {fold_word(value) for value in values} <= DIRECTIONS.keys():
        return "order"  # beside `sort_by`
    return name


def _asks_for_nothing(sent: str, values: Collection[str]) -> bool:
    """Whether a parameter that is not served leaves the answer as it is."""
    if fold_word(sent) in CACHE_BUSTERS:
        return all(value.replace(".", "", 1).isdecimal() for value in values)
    return all(value.lower() == "all" for value in values)


def _unknown(names: Collection[str]) -> str:
    if names is not NAMES:
        return "This request has no such parameter."
    return f"Unknown parameter. Use: {', '.join(NAMES[:-1])}."
