"""The forms of an import."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat

from todos.imports.date_cells import DATE_ORDERS
from todos.imports.formats import FORMATS
from todos.models import ImportFile

TEXT_MAX_LENGTH = 300_000  # characters
# The fields of a table that can be chosen; others are found by their own names.
COLUMN_FIELDS = {
    "title": "Title",
    "notes": "Notes",
    "list": "List",
    "labels": "Labels",
    "due_date": "Due date",
    "due_time": "Due time",
    "start_date": "Start date",
    "priority": "Priority",
    "completed": "Completed",
}


def _format_field(**options: Any) -> forms.ChoiceField:
    formats = [(name, one.label) for name, one in FORMATS.items()]
    automatic = [("", "Recognise it automatically")]
    is_required = options.get("required", True)
    return forms.ChoiceField(
        label="Program",
        choices=formats if is_required else automatic + formats,
        **options,
    )


class FileForm(forms.Form):
    """A file to import."""

    content_field = "file"

    file = forms.FileField(
        max_length=1000,
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty.",
        },
    )
    format = _format_field(required=False)

    def clean_file(self) -> File[bytes]:
        file: File[bytes] = self.cleaned_data["file"]
        limit = settings.IMPORT_MAX_BYTES
        if file.size > limit:
            size = filesizeformat(limit)
            raise ValidationError(f"The file is too large: {size} at most.")
        return file


class TextForm(forms.Form):
    """The content of a file, pasted."""

    content_field = "text"

    text = forms.CharField(
        label="Content",
        max_length=TEXT_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        error_messages={
            "required": "Paste the content of a file.",
            "max_length": "The text is too long. Save it as a file, and choose that.",
        },
    )
    format = _format_field(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The form for a file is on the same page.
        super().__init__(*args, **{"auto_id": "text-%s", **kwargs})


class AgainForm(forms.Form):
    """Another way to read a file: the program, and the columns of a table."""

    format = _format_field()

    def __init__(self, data: QueryDict | None = None, *, kept: ImportFile) -> None:
        mapping = kept.mapping
        initial = {"format": kept.format, "dates": mapping.get("dates", "ymd")}
        initial |= {f"column_{name}": mapping.get(name, "") for name in COLUMN_FIELDS}
        super().__init__(data, initial=initial)
        self._kept = kept
        if columns := kept.report.get("columns"):
            self._add_columns(columns)

    def _add_columns(self, columns: list[dict[str, str]]) -> None:
        choices = [("", "None")]
        for column in columns:
            sample = f" (“{column['sample']}”)" if column["sample"] else ""
            choices.append((column["title"], column["title"] + sample))
        for name, label in COLUMN_FIELDS.items():
            self.fields[f"column_{name}"] = forms.ChoiceField(
                label=label, choices=choices, required=False
            )
        self.fields["dates"] = forms.ChoiceField(
            label="Dates are written as",
            choices=list(DATE_ORDERS.items()),
            required=False,
        )

    @property
    def mapping(self) -> dict[str, str]:
        """The mapping of the columns; fields that can't be chosen keep theirs."""
        mapping = {
            name: title
            for name, title in self._kept.mapping.items()
            if name not in COLUMN_FIELDS
        }
        for name in COLUMN_FIELDS:
            if title := self.cleaned_data.get(f"column_{name}"):
                mapping[name] = title
        if dates := self.cleaned_data.get("dates"):
            mapping["dates"] = dates
        return mapping

    def clean(self) -> None:
        is_table = self.cleaned_data.get("format") == self._kept.format == "csv"
        if is_table and not self.cleaned_data.get("column_title"):
            self.add_error("column_title", "Choose the column with the titles.")
