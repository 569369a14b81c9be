"""The admin of accounts, for support staff: find an account, see its state, help.

It shows no text that users wrote, not even to superusers: in no column, search, filter
or history. Nobody edits an address or a password here. Support acts on an account with
the few `SUPPORT_ACTIONS` only. Each asks for confirmation, and is recorded in the
admin's history and among the security events of the account.
"""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin.fields import count_of, read_only_field
from accounts.admin.groups import GroupAdmin
from accounts.admin.users import UserAdmin
from accounts.models import User

admin.site.register(User, UserAdmin)
admin.site.register(Group, GroupAdmin)

__all__ = ["UserAdmin", "count_of", "read_only_field"]
