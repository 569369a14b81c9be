"""The number of tasks of each user for support staff, without any of their text.

No model of this app is registered. The admin page of the user shows the counts.
"""

from datetime import datetime

from django.contrib import admin
from django.db.models import Expression

from accounts.admin import UserAdmin, count_of, read_only_field
from accounts.models import User
from todos.models import Label, Task, TaskList


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

    def counts(self, *, at: datetime) -> dict[str, Expression]:
        return super().counts(at=at) | {
            "open_count": count_of(Task.objects.open(), "owner"),
            "completed_count": count_of(Task.objects.completed(), "owner"),
            "trashed_count": count_of(Task.objects.trashed(), "owner"),
            "list_count": count_of(TaskList.objects.live(), "owner"),
            "label_count": count_of(Label.objects.all(), "owner"),
        }


admin.site.unregister(User)
admin.site.register(User, OwnerAdmin)
