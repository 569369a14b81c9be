"""The admin page of a user, with the number of their tasks."""

from uuid import UUID

from django.db.models import Expression
from django.http import HttpRequest
from django.urls import URLPattern

from accounts.admin import UserAdmin, count_of, read_only_field
from accounts.models import User
from config.row_security import rows_of
from todos.admin import support_view
from todos.models import Label, Task, TaskList


def _counts() -> dict[str, Expression]:
    return {
        "open_count": count_of(Task.objects.open(), "owner"),
        "completed_count": count_of(Task.objects.completed(), "owner"),
        "trashed_count": count_of(Task.objects.trashed(), "owner"),
        "list_count": count_of(TaskList.objects.live(), "owner"),
        "label_count": count_of(Label.objects.all(), "owner"),
    }


class OwnerAdmin(UserAdmin):
    """The admin page of a user, with the counts of their objects."""

    count_fields = (
        read_only_field("open_count", "Open tasks"),
        read_only_field("completed_count", "Completed tasks"),
        read_only_field("trashed_count", "Tasks in the trash"),
        read_only_field("list_count", "Lists"),
        read_only_field("label_count", "Labels"),
        *UserAdmin.count_fields,
    )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> User | None:
        """Find an account with its counts, which row-level security would hide."""
        try:
            owner_id = UUID(object_id)
        except ValueError:
            return None
        user = super().get_object(request, object_id, from_field)
        if user is not None:
            # A query of its own: a database that is split by owner has these rows
            # on another server than the sign-ins.
            with rows_of(owner_id):
                counts = User.objects.filter(pk=owner_id).values(**_counts())
                vars(user).update(counts.get())
        return user

    def get_urls(self) -> list[URLPattern]:
        return [*support_view.routes(self.admin_site), *super().get_urls()]

    def links_of_actions(self, staff: User, user: User) -> list[tuple[str, str]]:
        """Add the view of the tasks, which opens with a code of the user."""
        links = super().links_of_actions(staff, user)
        if user.is_active and support_view.may_ask(staff, user):
            links.append(support_view.link(user))
        return links
