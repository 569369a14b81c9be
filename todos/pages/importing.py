"""The pages that import a file: choose it, look at what it gives, import it once."""

from __future__ import annotations

import io
from typing import IO, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import TemplateView

from config.drafts import KeepsDraft
from config.uploads import accept_files
from todos import import_files
from todos.actions import AccountFull
from todos.actions.imports import ImportClash
from todos.imports import kept as imports
from todos.imports.files import FileRefused
from todos.imports.formats import FORMATS
from todos.models import ImportFile
from todos.pages.generic import UploadFormView
from todos.pages.import_forms import AgainForm, FileForm, TextForm
from todos.pages.mixins import Context, UserPageMixin

# Where the file of each format comes from.
ORIGINS = {
    "json": "Open Export, and choose JSON.",
    "csv": "Save it as CSV, with the names of the columns in the first row.",
    "todoist": "Open Settings › Backups, and download a backup. For one project, open"
    " its menu and choose “Export as a template”.",
    "microsoft-todo": "Microsoft offers no export. Tools that read Microsoft Graph"
    " write the lists as JSON.",
    "google-tasks": "At takeout.google.com, select Tasks alone, and create an export.",
    "ticktick": "On the web, open Settings › Account, and choose “Generate Backup”.",
    "vikunja": "Open Settings › Export your data, and bring the ZIP archive.",
    "ics": "Export the to-dos or reminders as an .ics file.",
}
GONE = (
    "The file is no longer here: a file is kept for an hour, until the next one is"
    " chosen. Choose it again."
)


def choices(form: FileForm | TextForm | None = None) -> Context:
    """Return the context of the page that offers to choose a file, or to paste it."""
    is_text = isinstance(form, TextForm)
    return {
        "file_form": FileForm() if is_text or form is None else form,
        "text_form": form if is_text else TextForm(),
        "is_text": is_text,
        "origins": [
            {"label": FORMATS[name].label, "text": text}
            for name, text in ORIGINS.items()
        ],
    }


class _ChoosePage(UserPageMixin, UploadFormView):
    """A form with the content to import."""

    template_name = "todos/import.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        form = kwargs.get("form") or self.get_form()
        return super().get_context_data(**kwargs) | choices(form)

    def content_of(self, form: FileForm | TextForm) -> tuple[IO[bytes], str]:
        """Return the content to import, and the name of the file."""
        raise NotImplementedError

    def form_valid(self, form: FileForm | TextForm) -> HttpResponse:
        content, name = self.content_of(form)
        try:
            kept = imports.upload(
                self.caller, file=content, name=name, format=form.cleaned_data["format"]
            )
        except FileRefused as exc:
            form.add_error(form.content_field, str(exc))
            return self.form_invalid(form)
        return redirect("todos:import-check", key=kept.key)


@method_decorator(csrf_exempt, name="dispatch")
class ImportView(_ChoosePage):
    """Choose a file to import. Nothing is kept of a file that can't be read."""

    accepts_files = True
    form_class = FileForm

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        # The CSRF check reads the form, so the file must be accepted before it; and the
        # user must have been authenticated before that.
        accept_files(request)
        return csrf_protect(super().dispatch)(request, *args, **kwargs)

    def content_of(self, form: FileForm | TextForm) -> tuple[IO[bytes], str]:
        file = form.cleaned_data["file"]
        return file, file.name


class ImportTextView(KeepsDraft, _ChoosePage):
    """Paste the content of a file instead."""

    form_class = TextForm

    def content_of(self, form: FileForm | TextForm) -> tuple[IO[bytes], str]:
        return io.BytesIO(form.cleaned_data["text"].encode()), ""


class ImportCheckView(UserPageMixin, TemplateView):
    """What a file would create, and its import."""

    template_name = "todos/import_check.html"

    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        try:
            kept = self._find(key)
        except ObjectDoesNotExist:
            return self._gone()
        return self.render_to_response(self.get_context_data(kept=kept))

    def post(self, request: HttpRequest, key: UUID) -> HttpResponse:
        try:
            if "again" in request.POST:
                return self._check_again(self._find(key))
            return self._import(key)
        except ObjectDoesNotExist:
            return self._gone()

    def _find(self, key: UUID) -> ImportFile:
        return import_files.find(self.user, key=key, at=self.now)

    def _gone(self) -> HttpResponse:
        """Offer to choose the file again, whether the user had such a file or not."""
        messages.error(self.request, GONE)
        return render(self.request, "todos/import.html", choices(), status=404)

    def _check_again(self, kept: ImportFile) -> HttpResponse:
        form = AgainForm(self.request.POST, kept=kept)
        if kept.imported_at is None and form.is_valid():
            try:
                imports.check_again(
                    self.caller,
                    kept,
                    format=form.cleaned_data["format"],
                    mapping=form.mapping,
                )
            except FileRefused as exc:
                form.add_error(None, str(exc))
        if form.errors:
            context = self.get_context_data(kept=kept, form=form)
            return self.render_to_response(context)
        return redirect(self.request.path)

    def _import(self, key: UUID) -> HttpResponse:
        skips = self.request.POST.get("skip_errors") == "on"
        try:
            imports.import_kept(self.caller, key=key, skip_errors=skips)
        except (FileRefused, AccountFull, ImportClash) as exc:
            messages.error(self.request, str(exc))
        return redirect(self.request.path)

    def get_context_data(self, **kwargs: Any) -> Context:
        kept = kwargs["kept"]
        report = kept.report
        is_done = kept.imported_at is not None
        new_lists = sum(one["is_new"] for one in report.get("lists", ()))
        form = None if is_done else kwargs.get("form") or AgainForm(kept=kept)
        return super().get_context_data(**kwargs) | {
            "kept": kept,
            "report": report,
            "label": FORMATS[kept.format].label,
            "form": form,
            "is_done": is_done,
            "has_news": new_lists
            + sum(report.get(name, 0) for name in ("tasks", "steps", "labels")),
            "start_url": reverse("todos:import"),
        }
