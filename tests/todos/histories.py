"""Steps of random histories: anything that a user can do, undo and redo."""

from datetime import date

from todos import actions
from todos.models import Change, Label, Task, TaskList


def do_anything(caller, kind, which):
    """Run the action of this kind on one of the caller's rows."""
    owner = caller.owner
    tasks = list(Task.objects.owned_by(owner).order_by("position", "id"))
    lists = list(TaskList.objects.owned_by(owner).live().order_by("position", "id"))
    labels = list(Label.objects.owned_by(owner).order_by("key"))
    if kind == 0 or not tasks:
        actions.create_task(
            caller,
            title=f"Task {which}",
            due_date=date(2027, 1, 10 + which),
            rrule="FREQ=WEEKLY" if which % 2 else "",
            labels=["home", "work"][: which % 3],
        )
        return
    task_id = tasks[which % len(tasks)].pk
    match kind:
        case 1:
            actions.complete_task(caller, task_id=task_id)
        case 2:
            actions.reopen_task(caller, task_id=task_id)
        case 3:
            actions.trash_task(caller, task_id=task_id)
        case 4:
            actions.restore_task(caller, task_id=task_id)
        case 5:
            actions.create_list(caller, name=f"List {which}")
        case 6:
            list_id = lists[which % len(lists)].pk
            actions.update_task(caller, task_id=task_id, changes={"list_id": list_id})
        case 7:
            actions.trash_list(caller, list_id=lists[-1].pk)
        case 8:
            actions.create_task(caller, parent_id=task_id, title="Step")
        case 9:
            ids = [task.pk for task in tasks[: which + 1]]
            action = ["complete", "reopen", "trash", "restore"][which % 4]
            actions.change_tasks(caller, task_ids=ids, action=action)
        case 10:
            others = [task.pk for task in tasks if task.pk != task_id]
            if others:
                side = actions.Beside("before", others[-1])
                actions.move_task(caller, task_id=task_id, to=side)
        case 11:
            actions.skip_occurrence(caller, task_id=task_id)
        case 12:
            changes = {"title": "New", "due_date": date(2027, 2, 1), "labels": ["new"]}
            actions.update_task(caller, task_id=task_id, changes=changes)
        case _ if not labels:
            actions.create_label(caller, name="home")
        case 13:
            changes = {"name": f"Label {which}"}
            actions.update_label(caller, label_id=labels[0].pk, changes=changes)
        case 14:
            actions.delete_label(caller, label_id=labels[0].pk)
        case _:
            changes = {"colour": "red"}
            actions.update_label(caller, label_id=labels[0].pk, changes=changes)


def batches_of(owner):
    """Return the batches of the owner, the oldest first."""
    changes = Change.objects.owned_by(owner).order_by("seq")
    return list(dict.fromkeys(changes.values_list("batch", flat=True)))


def undo_anything(caller, kind, which):
    """Undo one of the latest batches, or a single one of the latest changes."""
    owner = caller.owner
    names = [{"batch_id": batch} for batch in reversed(batches_of(owner))]
    if kind == 16:
        changes = Change.objects.owned_by(owner).order_by("-seq")
        names = [{"change_id": pk} for pk in changes.values_list("pk", flat=True)]
    actions.undo(caller, **(names[which] if which < len(names) else {}))
