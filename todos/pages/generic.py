"""Django's generic views with the types of their forms and objects.

They are generic for a type checker only: `FormView[ListForm]` fails at run time.
"""

from typing import TYPE_CHECKING

from django.views.generic import DetailView, FormView, ListView

if TYPE_CHECKING:
    from typing import Any

    from todos.models import Task
    from todos.pages.forms import ListDeleteForm, ListForm
    from todos.pages.import_forms import FileForm, TextForm
    from todos.pages.labels import LabelForm, LabelMergeForm
    from todos.pages.quick_form import QuickForm

    EditFormView = FormView[Any]
    LabelFormView = FormView[LabelForm]
    LabelMergeFormView = FormView[LabelMergeForm]
    ListDeleteFormView = FormView[ListDeleteForm]
    ListFormView = FormView[ListForm]
    QuickFormView = FormView[QuickForm]
    UploadFormView = FormView[FileForm | TextForm]
    TaskDetailView = DetailView[Task]
    TaskListView = ListView[Task]
else:
    EditFormView = LabelFormView = LabelMergeFormView = FormView
    ListDeleteFormView = ListFormView = QuickFormView = FormView
    UploadFormView = FormView
    TaskDetailView = DetailView
    TaskListView = ListView
