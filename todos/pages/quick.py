"""Quick add on the pages: lines of text become tasks."""

from __future__ import annotations

from copy import copy
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.utils.text import Truncator
from django.views.generic import TemplateView

from config.drafts import KeepsDraft
from config.toasts import ToastAction
from todos import actions
from todos.actions.quick_lines import Draft
from todos.ledger import receipt
from todos.limits import TITLE_MAX_LENGTH
from todos.pages.changes import conflict_text
from todos.pages.completion import completions
from todos.pages.generic import QuickFormView
from todos.pages.listing import TaskListPage
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.once import once
from todos.pages.quick_form import QuickForm
from todos.pages.quick_words import LineWords, segments_of
from todos.pages.rows import with_task
from todos.schedule.quick_add import lines_of

SUMMARY_SHOWN = 200  # characters
TITLE_SHOWN = 80
GRAMMAR = (
    ("Date", ("today", "friday", "next week", "28 feb", "in 3 days")),
    ("Time", ("9am", "14:30", "at noon", "tomorrow evening")),
    ("Repeat", ("every day", "every mon, fri", "every 3rd tuesday", "every! 2 weeks")),
    ("End of a repeat", ("until 1 march", "for 10 times")),
    ("List", ("#Home", '#"Next year"')),
    ("Label", ("@shop",)),
    ("Priority", ("p1", "p2", "p3", "p4")),
    ("Reminder", ("remind:30m", "remind:9am")),
    ("Start", ("from:monday",)),
    ("Date within the line", ('due:"next friday"',)),
)


class QuickPageMixin(UserPageMixin):
    def words_for(self, draft: Draft) -> LineWords:
        """Return the words for a line as this user sees dates and times."""
        [row] = self.rows([draft.task], with_list=False)
        return LineWords(draft, row)


class QuickAddView(KeepsDraft, QuickPageMixin, QuickFormView):
    """Add the lines of the bar; with errors, show its page again with the text."""

    form_class = QuickForm
    template_name = "todos/add.html"

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        if self.draft is None:
            return redirect("todos:add")
        return super().get(request, *args, **kwargs)

    @once
    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: QuickForm) -> HttpResponse:
        try:
            with receipt() as note:
                drafts = actions.quick_add(self.caller, **form.as_input())
        except (ValidationError, actions.AccountFull) as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.add_toast(form, drafts, batch=note.batch)
        return self.redirect_to_next()

    def add_toast(
        self, form: QuickForm, drafts: list[Draft], *, batch: UUID | None
    ) -> None:
        """Say what was added, with buttons to change how the line was understood."""
        if len(drafts) > 1:
            self.add_message(f"Added {len(drafts)} tasks", undo=batch)
            return
        [draft] = drafts
        words = self.words_for(draft)
        text = f"Added: {Truncator(draft.task.title).chars(TITLE_SHOWN)}"
        if summary := words.summary():
            text += f" — {Truncator(summary).chars(SUMMARY_SHOWN)}"
        path = self.next_url()
        if page_class_of(path) is None:
            path = reverse(self.default_next)
        edit = ToastAction("Edit", with_task(path, draft.task.pk))
        again = self._ways_to_read_again(form, words, batch) if batch else []
        self.add_message(text, undo=batch, actions=[edit, *again])

    def _ways_to_read_again(
        self, form: QuickForm, words: LineWords, batch: UUID
    ) -> list[ToastAction]:
        path = reverse("todos:quick-again", args=[batch])
        given = {
            name: str(value)
            for name in ("text", "list", "label", "due_date")
            if (value := form.cleaned_data[name])
        }
        chips = words.chips()
        offers = [
            ToastAction(
                f"Create list “{chip.new_list}”",
                path,
                is_form=True,
                fields=given | {"new_list": chip.new_list},
            )
            for chip in chips
            if chip.new_list
        ][:1]
        has_parts = any(not chip.new_list for chip in chips)
        if has_parts and len(given["text"]) <= TITLE_MAX_LENGTH:
            fields = given | {"as_text": "on"}
            offers.append(
                ToastAction("Keep as text", path, is_form=True, fields=fields)
            )
        return offers

    def form_invalid(self, form: QuickForm) -> HttpResponse:
        form.drop_refused_defaults()
        response = super().form_invalid(form)
        response.status_code = form.status
        return response

    def render_to_response(self, context: Context, **kwargs: Any) -> HttpResponse:
        page = self.page_with(context["form"])
        return page or super().render_to_response(context, **kwargs)

    def page_with(self, form: QuickForm) -> HttpResponse | None:
        """Return the page that the form is on, with the form as it was sent."""
        path = self.next_url()
        page_class = page_class_of(path)
        if page_class is None:
            return None
        get_token(self.request)  # the copy of the request can't set a cookie
        request, parts = copy(self.request), urlsplit(path)
        request.method, request.path = "GET", parts.path
        request.path_info, request.GET = parts.path, QueryDict(parts.query)
        request.META = self.request.META | {"QUERY_STRING": parts.query}
        request.resolver_match = match = resolve(parts.path)
        view = page_class.as_view(quick=form)
        response = view(request, *match.args, **match.kwargs)
        if isinstance(response, HttpResponse) and response.status_code == 200:
            return response
        return None  # the inbox as a list redirects


def page_class_of(path: str) -> type[TaskListPage] | None:
    """Return the view of a page with the bar, or None for other pages."""
    view: type[object] = vars(resolve(urlsplit(path).path).func).get(
        "view_class", object
    )
    return view if issubclass(view, TaskListPage) and view.has_quick_add else None


class AddView(QuickAddView):
    """A page for lines of text, which bookmarks and share targets can fill in.

    `title`, `text` and `url` of the query are the text; `list`, `label` and `due_date`
    are defaults. GET stores nothing.
    """

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        return super(QuickAddView, self).get(request, *args, **kwargs)

    def get_initial(self) -> Context:
        query = self.request.GET
        given = {name: query.get(name, "") for name in ("list", "label", "due_date")}
        return given | {"text": _shared_text(query)}

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {"next": self.next_url()}

    def page_with(self, form: QuickForm) -> None:
        """Show the errors on this page, not on the page that follows."""


def _shared_text(query: QueryDict) -> str:
    """Return the shared texts in one, without those that others contain."""
    texts = [query.get(name, "").strip() for name in ("title", "text", "url")]
    parts: list[str] = []
    for index, text in enumerate(texts):
        others = [*parts, *texts[index + 1 :]]
        if text and not any(text in other for other in others):
            parts.append(text)
    return " ".join(parts)


class QuickAgainView(QuickAddView):
    """Undo a quick add and read its line in another way, for the buttons of a toast."""

    def form_valid(self, form: QuickForm) -> HttpResponse:
        batch = self.kwargs["batch"]
        try:
            with receipt() as note:
                drafts = actions.redo_quick_add(
                    self.caller, batch_id=batch, **form.as_input()
                )
        except actions.UndoConflict as conflict:
            if actions.is_undone(owner=self.user, batch_id=batch):
                text = "This has already been undone."
            else:
                text = conflict_text(conflict.changes, owner=self.user)
            messages.error(self.request, text)
        except actions.Refusal as refusal:
            messages.error(self.request, str(refusal))
        except ValidationError as error:
            form.take_errors(error)
            return self.form_invalid(form)
        else:
            self.add_toast(form, drafts, batch=note.batch)
        return self.redirect_to_next()


class QuickPreviewView(QuickPageMixin, TemplateView):
    """What a line would become, as JSON for the script of the bar. Stores nothing."""

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        """Lead to a page, for users who had to sign in again first."""
        return redirect("todos:add")

    def post(self, request: HttpRequest, **kwargs: object) -> JsonResponse:
        form = QuickForm(request.POST)
        before = request.POST.get("before", "")
        answer: Context = {"options": completions(self.user, before)}
        if not form.is_valid():
            return JsonResponse(answer)
        given = form.as_input()
        lines = lines_of(given["text"])
        if len(lines) > 1:
            return JsonResponse(answer)
        try:
            [draft] = actions.preview_quick_add(self.caller, **given)
        except ValidationError as error:
            return JsonResponse(answer | {"error": error.messages[0]})
        words = self.words_for(draft)
        segments = segments_of(lines[0], draft.parsed.spans)
        chips = [
            {"kind": chip.kind, "words": chip.words, "text": chip.text}
            | ({"newList": chip.new_list} if chip.new_list else {})
            for chip in words.chips()
        ]
        return JsonResponse(answer | {"segments": segments, "chips": chips})


class QuickHelpView(UserPageMixin, TemplateView):
    """The grammar of quick add on one card."""

    template_name = "todos/add_help.html"
    extra_context = {"grammar": GRAMMAR}
