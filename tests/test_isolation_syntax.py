"""Interfaces read owned rows through `owned_by` only, which this checks in the source.

The checker reads the syntax tree of every interface (`*/api`, `*/pages`,
`todos/exports`, `todos/imports`, and the view of support staff), so a forgotten filter
fails here even if no test sends a request that reveals it.
"""

import ast

import pytest
from django.apps import apps
from django.conf import settings

INTERFACES = (
    "*/api/**/*.py",
    "*/pages/**/*.py",
    # What staff see of tasks: only rows of the user who lets them look.
    "todos/admin/support_view.py",
    "todos/exports/**/*.py",
    "todos/imports/**/*.py",
)
OWNED = {
    model.__name__
    for model in apps.get_app_config("todos").get_models()
    if any(field.name == "owner" for field in model._meta.get_fields())
}
# Related managers: the owner of their rows depends on the first row.
RELATED = {
    relation.get_accessor_name()
    for model in apps.get_models()
    for relation in model._meta.related_objects
    if relation.related_model.__name__ in OWNED and relation.get_accessor_name()
} | {"labels"}
# Ways around the managers.
FORBIDDEN = {
    "_base_manager",
    "_default_manager",
    "base_manager",
    "default_manager",
    "extra",
    "get_model",
    "raw",
    "RawSQL",
}
# Attributes of a model that can't be used to query its rows.
HARMLESS = {"isinstance", "issubclass", "cast"}


class Checker(ast.NodeVisitor):
    """Collects the lines of a module that read owned rows in another way."""

    def __init__(self):
        self.found = []
        self.models = {name: name for name in OWNED}
        self._scoped = set()

    def report(self, node, what):
        self.found.append(f"{node.lineno}: {what}")

    def is_owned(self, node):
        """Whether `node` names an owned model, as `Task` or `models.Task`."""
        if isinstance(node, ast.Name):
            return node.id in self.models
        return isinstance(node, ast.Attribute) and node.attr in OWNED

    def visit_ImportFrom(self, node):
        for alias in node.names:
            if alias.name in OWNED and alias.asname:
                self.models[alias.asname] = alias.name
            if alias.name in FORBIDDEN or (
                (node.module or "").startswith("django.db")
                and alias.name in {"connection", "connections"}
            ):
                self.report(node, f"imports {alias.name}")

    def visit_Call(self, node):
        function = node.func
        if (
            isinstance(function, ast.Attribute)
            and function.attr == "owned_by"
            and len(node.args) == 1
        ):
            self._scoped.add(function.value)
        if self.is_owned(function):
            self.report(node, "makes a row without an action")
        name = getattr(function, "id", getattr(function, "attr", ""))
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if name.endswith("QuerySet"):
            self.report(node, f"calls {name}")
        elif name not in HARMLESS and any(map(self.is_owned, given)):
            self.report(node, f"hands the model to {name or 'a call'}")
        self.generic_visit(node)

    def visit_Attribute(self, node):
        if node.attr == "objects" and self.is_owned(node.value):
            if node not in self._scoped:
                self.report(node, "a manager without owned_by")
        elif node.attr in FORBIDDEN:
            self.report(node, f"uses {node.attr}")
        inner = node.value
        if (
            isinstance(inner, ast.Attribute)
            and inner.attr in RELATED
            and not (isinstance(inner.value, ast.Name) and inner.value.id == "self")
        ):
            self.report(node, f"goes on from the related manager {inner.attr}")
        self.generic_visit(node)

    def visit_Name(self, node):
        if node.id in FORBIDDEN:
            self.report(node, f"uses {node.id}")

    def visit_ClassDef(self, node):
        # A generic view or a model form would use the default manager.
        for statement in node.body:
            if (
                isinstance(statement, ast.Assign | ast.AnnAssign)
                and statement.value is not None
                and self.is_owned(statement.value)
            ):
                self.report(statement, "hands the model to a class")
        self.generic_visit(node)


def offences(source):
    """Return the lines of `source` that read owned rows without `owned_by`."""
    checker = Checker()
    checker.visit(ast.parse(source))
    return checker.found


def offences_below(folder):
    """Return the violations of every interface below `folder`, by file."""
    return {
        str(path.relative_to(folder)): found
        for pattern in INTERFACES
        for path in folder.glob(pattern)
        if (found := offences(path.read_text()))
    }


# --- The product ------------------------------------------------------------------


def test_every_interface_reads_owned_rows_through_owned_by():
    assert offences_below(settings.BASE_DIR) == {}


def test_the_checker_reads_all_interfaces():
    looked_at = {
        str(path.relative_to(settings.BASE_DIR))
        for pattern in INTERFACES
        for path in settings.BASE_DIR.glob(pattern)
    }

    assert {
        "accounts/api/views.py",
        "accounts/pages/views.py",
        "todos/admin/support_view.py",
        "todos/api/plan/views.py",
        "todos/api/tasks.py",
        "todos/pages/tasks.py",
    } <= looked_at


def test_support_reads_only_rows_of_the_user_who_lets_them_look():
    source = (settings.BASE_DIR / "todos/admin/support_view.py").read_text()
    tree = ast.parse(source)

    def arguments_of(name):
        return [
            ast.unparse(argument)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            and getattr(call.func, "attr", getattr(call.func, "id", "")) == name
            for argument in call.args
        ]

    # The functions that read rows take their owner from the grant, and nowhere else.
    assert set(arguments_of("owned_by")) == {"owner"}
    assert arguments_of("rows") == ["grant.user"]


def test_every_model_with_an_owner_is_checked():
    assert {"TaskList", "Task", "Label", "TaskLabel", "Change", "Ledger"} <= OWNED
    assert {"tasks", "task_lists", "labels", "changes", "steps"} <= RELATED


# --- The checker ------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "Task.objects.all()",
        "Task.objects.get(pk=pk)",
        "Task.objects.filter(owner=user)",
        "Task.objects.filter(pk=pk).owned_by(user)",
        "Task.objects.open().owned_by(user)",
        "Task.objects.owned_by",
        "Task.objects.owned_by()",
        "manager = Task.objects",
        "models.Task.objects.count()",
        "todos.models.TaskList.objects.first()",
        "from todos.models import Task as T\nT.objects.all()",
        "Change.objects.all()",
        "Ledger.objects.all()",
        "TaskLabel.objects.create(task=task)",
        "Label.objects.in_bulk()",
        "[task for task in Task.objects.all()]",
        "Field(queryset=Task.objects.all())",
        "Task._default_manager.all()",
        "Task._base_manager.all()",
        "Task._meta.default_manager.all()",
        "get_object_or_404(Task, pk=pk)",
        "from django.shortcuts import get_object_or_404 as find\nfind(Task, pk=pk)",
        "shortcuts.get_list_or_404(Task)",
        "Task.objects.owned_by(user).raw('SELECT 1')",
        "Task.objects.owned_by(user).extra(where=['1=1'])",
        "RawSQL('1', [])",
        "from django.db import connection",
        "from django.db import connections as c",
        "apps.get_model('todos', 'Task')",
        "getattr(Task, name).all()",
        "TaskQuerySet(Task)",
        "QuerySet(model=Task)",
        "(lambda model: model.objects.all())(Task)",
        "Task(pk=pk).delete()",
        "User.objects.get(pk=pk).tasks.all()",
        "other.tasks.filter(title='x')",
        "task.steps.all()",
        "label.tasks.count()",
        "task.list.tasks.count()",
        "user.changes.all()",
        "task.labels.add(label)",
        "class View(DetailView):\n    model = Task",
        "class Form(ModelForm):\n    class Meta:\n        model = models.Task",
        "class View:\n    model: type = Task",
    ],
)
def test_the_checker_finds(source):
    assert offences(source)


@pytest.mark.parametrize(
    "source",
    [
        "Task.objects.owned_by(request.user)",
        "Task.objects.owned_by(self.request.user).open().get(pk=pk)",
        "models.Task.objects.owned_by(user)",
        "TaskList.objects.owned_by(user).live().with_open_counts()",
        "self.tasks.open()",
        "get_object_or_404(Task.objects.owned_by(user), pk=pk)",
        "isinstance(task, Task)",
        "raise Task.DoesNotExist",
        "def title_of(task: Task) -> str: ...",
        "User.objects.get(pk=request.user.pk)",
        "actions.create_task(self.caller)",
        "logger.info('x', extra={'kind': 'y'})",
        "class View:\n    form_class = ListForm",
    ],
)
def test_the_checker_lets_pass(source):
    assert offences(source) == []


@pytest.mark.parametrize(
    "place",
    ["todos/api/tasks.py", "todos/pages/new/deep.py", "todos/exports/csv.py"],
)
def test_a_planted_file_is_found(tmp_path, place):
    planted = tmp_path / place
    planted.parent.mkdir(parents=True)
    planted.write_text("def leak():\n    return Task.objects.all()\n")

    assert offences_below(tmp_path) == {place: ["2: a manager without owned_by"]}
