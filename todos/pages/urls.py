"""The URLs of the pages for lists and tasks."""

from django.urls import path

from todos.pages import (
    bulk,
    exporting,
    first_visit,
    history,
    importing,
    keys,
    labels,
    list_detail,
    listing,
    lists,
    ordering,
    quick,
    reminders,
    reschedule,
    row_menu,
    search,
    statistics,
    steps,
    task_page,
    tasks,
    tokens,
    trash,
    undo,
    upcoming,
)

app_name = "todos"
urlpatterns = [
    # Beside the other pages of the account. They show lists and changes, which accounts
    # knows nothing of.
    path("accounts/tokens/", tokens.TokenListView.as_view(), name="tokens"),
    path("accounts/tokens/new/", tokens.NewTokenView.as_view(), name="token-new"),
    path("accounts/tokens/<uuid:pk>/", tokens.TokenView.as_view(), name="token"),
    path(
        "accounts/tokens/<uuid:pk>/rights/",
        tokens.RightsView.as_view(),
        name="token-rights",
    ),
    path(
        "accounts/tokens/<uuid:pk>/revoke/",
        tokens.RevokeView.as_view(),
        name="token-revoke",
    ),
    path(
        "accounts/tokens/<uuid:pk>/undo/",
        tokens.UndoTokenView.as_view(),
        name="token-undo",
    ),
    path("", listing.TodayView.as_view(), name="task-today"),
    path("inbox/", list_detail.InboxView.as_view(), name="task-inbox"),
    path("upcoming/", upcoming.UpcomingView.as_view(), name="task-upcoming"),
    path("completed/", listing.CompletedView.as_view(), name="task-completed"),
    path("trash/", trash.TrashView.as_view(), name="task-trash"),
    path("trash/empty/", trash.EmptyTrashView.as_view(), name="trash-empty"),
    path("examples/", first_visit.ExamplesView.as_view(), name="examples"),
    path("export/", exporting.ExportView.as_view(), name="export"),
    path("import/", importing.ImportView.as_view(), name="import"),
    path("import/text/", importing.ImportTextView.as_view(), name="import-text"),
    path(
        "import/<uuid:key>/",
        importing.ImportCheckView.as_view(),
        name="import-check",
    ),
    path(
        "statistics/",
        statistics.StatisticsView.as_view(),
        name="statistics",
    ),
    path("search/", search.SearchView.as_view(), name="search"),
    path("add", quick.AddView.as_view(), name="add"),
    path("add/help/", quick.QuickHelpView.as_view(), name="add-help"),
    path("quick/", quick.QuickAddView.as_view(), name="quick-add"),
    path("quick/preview/", quick.QuickPreviewView.as_view(), name="quick-preview"),
    path(
        "quick/<uuid:batch>/again/",
        quick.QuickAgainView.as_view(),
        name="quick-again",
    ),
    path("tasks/<uuid:pk>/", task_page.TaskPage.as_view(), name="task-detail"),
    path(
        "tasks/<uuid:pk>/set/<slug:property>/",
        task_page.PropertyView.as_view(),
        name="task-set",
    ),
    path(
        "tasks/<uuid:pk>/steps/", steps.StepCreateView.as_view(), name="task-add-step"
    ),
    path(
        "tasks/<uuid:pk>/history/", history.HistoryView.as_view(), name="task-history"
    ),
    path(
        "tasks/<uuid:pk>/history/<uuid:change>/",
        history.BringBackView.as_view(),
        name="task-bring-back",
    ),
    path(
        "tasks/<uuid:pk>/complete/",
        tasks.TaskCompleteView.as_view(),
        name="task-complete",
    ),
    path("tasks/<uuid:pk>/reopen/", tasks.TaskReopenView.as_view(), name="task-reopen"),
    path("tasks/<uuid:pk>/delete/", tasks.TaskDeleteView.as_view(), name="task-delete"),
    path(
        "tasks/<uuid:pk>/restore/",
        tasks.TaskRestoreView.as_view(),
        name="task-restore",
    ),
    path("tasks/<uuid:pk>/remove/", tasks.TaskRemoveView.as_view(), name="task-remove"),
    path("tasks/<uuid:pk>/menu/", row_menu.TaskMenuView.as_view(), name="task-menu"),
    path("tasks/<uuid:pk>/list/", row_menu.TaskListsView.as_view(), name="task-lists"),
    path(
        "tasks/<uuid:pk>/labels/",
        row_menu.TaskLabelsView.as_view(),
        name="task-labels",
    ),
    path(
        "tasks/<uuid:pk>/date/", reschedule.RescheduleView.as_view(), name="task-date"
    ),
    path("tasks/<uuid:pk>/move/", ordering.TaskMoveView.as_view(), name="task-move"),
    path("tasks/<uuid:pk>/skip/", tasks.TaskSkipView.as_view(), name="task-skip"),
    path("overdue/", reschedule.OverdueView.as_view(), name="overdue"),
    path("bulk/", bulk.BulkView.as_view(), name="bulk"),
    path("lists/new/", lists.ListCreateView.as_view(), name="list-create"),
    path("lists/<uuid:pk>/", list_detail.ListDetailView.as_view(), name="list-detail"),
    path("lists/<uuid:pk>/menu/", list_detail.ListMenuView.as_view(), name="list-menu"),
    path("lists/<uuid:pk>/edit/", lists.ListUpdateView.as_view(), name="list-update"),
    path(
        "lists/<uuid:pk>/archive/",
        lists.ListArchiveView.as_view(),
        name="list-archive",
    ),
    path(
        "lists/<uuid:pk>/unarchive/",
        lists.ListArchiveView.as_view(archives=False, verb="Unarchive"),
        name="list-unarchive",
    ),
    path("lists/<uuid:pk>/delete/", lists.ListDeleteView.as_view(), name="list-delete"),
    path(
        "lists/<uuid:pk>/restore/",
        lists.ListRestoreView.as_view(),
        name="list-restore",
    ),
    path("labels/", labels.LabelListView.as_view(), name="label-list"),
    path("labels/<uuid:pk>/", labels.LabelDetailView.as_view(), name="label-detail"),
    path("labels/<uuid:pk>/menu/", labels.LabelMenuView.as_view(), name="label-menu"),
    path(
        "labels/<uuid:pk>/edit/", labels.LabelUpdateView.as_view(), name="label-update"
    ),
    path(
        "labels/<uuid:pk>/merge/", labels.LabelMergeView.as_view(), name="label-merge"
    ),
    path(
        "labels/<uuid:pk>/delete/",
        labels.LabelDeleteView.as_view(),
        name="label-delete",
    ),
    path("keys/", keys.KeysView.as_view(), name="keys"),
    path("undo/", undo.UndoLastView.as_view(), name="undo-last"),
    path("lists/<uuid:pk>/move/", ordering.ListMoveView.as_view(), name="list-move"),
    path("undo/<uuid:batch>/", undo.UndoView.as_view(), name="undo"),
    path(
        "reminders/<str:token>/",
        reminders.ReminderMailsView.as_view(),
        name="reminders",
    ),
]
