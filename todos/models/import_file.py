"""Files that users have uploaded, until they are imported."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import User
from todos.models.owned import OwnedQuerySet

NAME_MAX_LENGTH = 100


class ImportFile(models.Model):
    """The last file that a user uploaded for an import, with the report about it.

    It is checked first and imported later, by another request and perhaps another
    server. The content is dropped once it is imported.
    """

    owner = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    # A later upload of the same user has another key, so a page that was opened before
    # can't import a file that it does not show.
    key = models.UUIDField(default=uuid7, editable=False)
    name = models.CharField(max_length=NAME_MAX_LENGTH)
    format = models.CharField(max_length=20)
    mapping = models.JSONField(default=dict)
    content = models.BinaryField()
    report = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    imported_at = models.DateTimeField(null=True)
    batch = models.UUIDField(null=True)  # null if nothing was new

    objects = OwnedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("created_at", name="todos_importfile_age")]

    def __str__(self) -> str:
        return f"import file {self.key} of user {self.owner_id}"
