"""The page that exports tasks as a file."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django import forms
from django.http import FileResponse, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.html import format_html
from django.views.generic import TemplateView

from accounts import events
from accounts.models import SecurityEvent
from todos.exports.formats import FORMATS, export_file, filename
from todos.exports.rows import Selection
from todos.models import TaskList
from todos.pages.mixins import Context, UserPageMixin

# The name of each format, and what it keeps.
KEEPS = {
    "json": ("JSON", "Everything, to bring it back without loss: a backup."),
    "csv": ("CSV", "One row for each task, for spreadsheets."),
    "ics": (
        "Calendar",
        "To-dos with dates, repeats and alarms, for calendar programs. Not the trash.",
    ),
    "markdown": ("Markdown", "A checklist with notes, to read. Not the trash."),
}


class ExportForm(forms.Form):
    """What to export, and in which format."""

    format = forms.ChoiceField(
        widget=forms.RadioSelect,
        choices=[
            (name, format_html("<strong>{}</strong> <span>{}</span>", *texts))
            for name, texts in KEEPS.items()
        ],
        initial="json",
    )
    completed = forms.BooleanField(
        label="Completed tasks", initial=True, required=False
    )
    trash = forms.BooleanField(label="The trash", initial=True, required=False)

    field_order = ("format", "list", "completed", "trash")

    def __init__(
        self, data: QueryDict | None = None, *, lists: Iterable[TaskList]
    ) -> None:
        super().__init__(data)
        chosen = [(str(row.pk), row.name) for row in lists]
        self.fields["list"] = forms.TypedChoiceField(
            label="Lists",
            choices=[("", "All lists"), *chosen],
            coerce=UUID,
            empty_value=None,
            required=False,
        )
        self.order_fields(self.field_order)

    @property
    def selection(self) -> Selection:
        return Selection(
            list_id=self.cleaned_data["list"],
            with_completed=self.cleaned_data["completed"],
            with_trash=self.cleaned_data["trash"],
        )


class ExportView(UserPageMixin, TemplateView):
    """Choose what to export. Sending the form downloads the file."""

    template_name = "todos/export.html"

    def get_context_data(self, **kwargs: object) -> Context:
        return {"form": self._form()} | super().get_context_data(**kwargs)

    def _form(self, data: QueryDict | None = None) -> ExportForm:
        navigation = self.navigation
        return ExportForm(data, lists=[*navigation.active, *navigation.archived])

    def post(self, request: HttpRequest) -> HttpResponseBase:
        form = self._form(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        name = form.cleaned_data["format"]
        file = export_file(self.user, name, form.selection)
        events.record(
            self.user, SecurityEvent.Kind.EXPORTED, at=timezone.now(), about=name
        )
        return FileResponse(
            file,
            as_attachment=True,
            filename=filename(name, today=self.today),
            content_type=FORMATS[name].media_type,
        )
