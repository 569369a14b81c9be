"""The pages of labels: all of them, the tasks of one, and what can be done to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from config.drafts import KeepsDraft
from config.text import TextFormField
from todos import actions
from todos.ledger import receipt
from todos.limits import LABEL_MAX_LENGTH
from todos.models import Colour, Label, LabelQuerySet, Task, TaskQuerySet, label_key
from todos.pages.arranging import ArrangedPage, Arrangement
from todos.pages.forms import ActionForm, set_choices
from todos.pages.generic import LabelFormView, LabelMergeFormView
from todos.pages.list_detail import menu_choices
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.navigation import NavigationLabel
from todos.pages.rows import TaskRow

BY_DUE = Arrangement(sort="due")


class LabelForm(ActionForm):
    """The name and the colour of a label."""

    name = TextFormField(max_length=LABEL_MAX_LENGTH)
    colour = forms.ChoiceField(
        choices=Colour.choices,
        initial=Colour.GREY,
        required=False,
        widget=forms.RadioSelect,
    )

    def as_changes(self) -> dict[str, Any]:
        changes = super().as_changes()
        if not changes["colour"]:
            del changes["colour"]
        return changes


class LabelMergeForm(ActionForm):
    """The label that the tasks get instead."""

    into = forms.TypedChoiceField(
        label="Replace it by",
        coerce=UUID,
        error_messages={
            "invalid_choice": "There is no such label.",
            "required": "Choose a label.",
        },
    )

    def __init__(
        self, *args: Any, labels: list[NavigationLabel], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(label.pk), label.name) for label in labels]
        set_choices(self.fields["into"], [("", "Choose a label"), *named])


class LabelListView(KeepsDraft, UserPageMixin, LabelFormView):
    """All labels with their numbers of open tasks, and a form for a new one."""

    template_name = "todos/label_list.html"
    form_class = LabelForm
    default_next = "todos:label-list"

    def labels(self) -> LabelQuerySet:
        labels = Label.objects.owned_by(self.user)
        return labels.with_open_counts().order_by("key")

    def get_context_data(self, **kwargs: Any) -> Context:
        return super().get_context_data(**kwargs) | {
            "labels": self.labels(),
            "here": self.here,
        }

    def form_valid(self, form: LabelForm) -> HttpResponse:
        try:
            with receipt() as note:
                new = actions.create_label(self.caller, **form.as_changes())
        except (ValidationError, actions.AccountFull) as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.add_message("Label created", new.name, undo=note.batch)
        return self.redirect_to_next()


class OwnLabelMixin(UserPageMixin):
    """A page about one of the user's labels."""

    default_next = "todos:label-list"

    @cached_property
    def label(self) -> NavigationLabel:
        """The label that the URL names, which the navigation has loaded.

        Raises:
            Label.DoesNotExist: the user has no such label.
        """
        for label in self.navigation.labels:
            if label.pk == self.kwargs["pk"]:
                return label
        raise Label.DoesNotExist


class LabelDetailView(OwnLabelMixin, ArrangedPage):
    """The open tasks with one label, from all lists that are not archived."""

    template_name = "todos/label_detail.html"
    has_quick_add = True
    default_arrangement = BY_DUE

    @property
    def arranged(self) -> str:
        return str(self.label.pk)

    def within(self) -> TaskQuerySet:
        tasks = self.tasks.live().in_active_lists()
        return tasks.with_every_label([self.label.name])

    def rows(self, tasks: Iterable[Task], *, with_list: bool = True) -> list[TaskRow]:
        """Return the rows without the label that all of them have."""
        return [
            replace(row, labels=[one for one in row.labels if one != self.label])
            for row in super().rows(tasks, with_list=with_list)
        ]

    def quick_add_defaults(self) -> Context:
        return {"label": str(self.label.pk)}

    def quick_add_hint(self) -> str:
        return f"Add a task with @{self.label.name}"

    def get_context_data(self, **kwargs: Any) -> Context:
        return super().get_context_data(**kwargs) | {"label": self.label}


class LabelMenuView(OwnLabelMixin, TemplateView):
    """The menu of one label."""

    template_name = "todos/label_menu.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        key = self.label.pk
        page = reverse("todos:label-detail", args=[key])
        return super().get_context_data(**kwargs) | {
            "label": self.label,
            "arrangements": menu_choices(self, str(key), page, BY_DUE),
        }


class LabelUpdateView(KeepsDraft, OwnLabelMixin, LabelFormView):
    """Rename a label, or give it another colour."""

    template_name = "todos/label_form.html"
    form_class = LabelForm

    def get_initial(self) -> Context:
        return {"name": self.label.name, "colour": self.label.colour}

    def form_valid(self, form: LabelForm) -> HttpResponse:
        try:
            with receipt() as note:
                label = actions.update_label(
                    self.caller, label_id=self.kwargs["pk"], changes=form.as_changes()
                )
        except ValidationError as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.add_message("Saved", label.name, undo=note.batch)
        return self.redirect_to_next("todos:label-detail", label.pk)

    def get_context_data(self, **kwargs: Any) -> Context:
        context = super().get_context_data(**kwargs)
        same = self._same_name(context["form"])
        return context | {"label": self.label, "same": same}

    def _same_name(self, form: LabelForm) -> NavigationLabel | None:
        """Return the other label that has the name in the form, if it was refused."""
        if not form.is_bound or "name" not in form.errors:
            return None
        key = label_key(str(form.data.get("name", ""))[:LABEL_MAX_LENGTH].strip())
        others = (one for one in self.navigation.labels if one.pk != self.label.pk)
        return next((one for one in others if label_key(one.name) == key), None)


class LabelMergeView(OwnLabelMixin, LabelMergeFormView):
    """Replace a label by another on all of its tasks."""

    template_name = "todos/label_merge.html"
    form_class = LabelMergeForm

    def get_initial(self) -> Context:
        return {"into": self.request.GET.get("into", "")}

    def get_form_kwargs(self) -> Context:
        others = [one for one in self.navigation.labels if one.pk != self.label.pk]
        return super().get_form_kwargs() | {"labels": others}

    def get_context_data(self, **kwargs: Any) -> Context:
        return super().get_context_data(**kwargs) | {"label": self.label}

    def form_valid(self, form: LabelMergeForm) -> HttpResponse:
        merged = self.label.name
        try:
            with receipt() as note:
                kept = actions.merge_labels(
                    self.caller, label_id=self.label.pk, **form.as_changes()
                )
        except ValidationError as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.add_message(f"Merged into {kept.name}", merged, undo=note.batch)
        return self.redirect_to_next("todos:label-detail", kept.pk)


class LabelDeleteView(OwnLabelMixin, TemplateView):
    """Delete a label, and remove it from its tasks; a GET asks for confirmation."""

    template_name = "todos/label_confirm_delete.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        return super().get_context_data(**kwargs) | {"label": self.label}

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        name = self.label.name
        with receipt() as note:
            actions.delete_label(self.caller, label_id=self.label.pk)
        self.add_message("Label deleted", name, undo=note.batch)
        return self.redirect_to_next()
