"""What the admin shows of tasks: their number, and the view that a user allows.

No model of this app is registered. The admin page of the user shows the counts without
any text, and leads to the view.
"""

from django.contrib import admin

from accounts.models import User
from todos.admin.owners import OwnerAdmin

admin.site.unregister(User)
admin.site.register(User, OwnerAdmin)

__all__ = ["OwnerAdmin"]
