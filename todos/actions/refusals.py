"""Why an action says no to the owner of an object."""


class Refused(Exception):
    """The object is the owner's, but its state doesn't allow this action."""

    code = "conflict"


class VersionConflict(Refused):
    """The caller has seen an older version than the one stored."""

    code = "version_conflict"


class InTrash(Refused):
    """The object is in the trash and must be restored first."""

    code = "in_trash"


class NotInTrash(Refused):
    """Only what is in the trash can be removed for good."""

    code = "not_in_trash"


class InboxStays(Refused):
    """The inbox can't be deleted, archived or renamed."""

    code = "inbox"
