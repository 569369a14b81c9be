"""The limits of what users write: lengths of texts, ranges of numbers, steps, labels.

Models, forms, serializers, imports and quick add take each limit from here.
"""

TITLE_MAX_LENGTH = 500
NOTES_MAX_LENGTH = 20_000
LINES_MAX_LENGTH = 50_000  # the text of quick add
SEARCH_MAX_LENGTH = 200  # what a search can be asked for
TIMEZONE_MAX_LENGTH = 64
RULE_MAX_LENGTH = 200  # of a recurrence rule
LIST_NAME_MAX_LENGTH = 100
LABEL_MAX_LENGTH = 50
LABEL_KEY_MAX_LENGTH = 100  # case-folded: a letter can become several

PRIORITY_MIN = 1
PRIORITY_MAX = 4
REMINDER_MINUTES_MAX = 4 * 7 * 24 * 60  # four weeks ahead
# Far below what the columns hold, so that adding to an imported number never overflows.
COUNTER_MAX = 2**30
POSITION_MAX = 2**62

LABELS_MAX = 20  # of a task
# The steps of a task, including those in the trash. Completed steps that repeat are the
# past of a series: they count only towards the second limit.
STEPS_MAX = 500
STEPS_STORED_MAX = 2_000
