"""The app of lists, tasks and labels."""

from django.apps import AppConfig


class TodosConfig(AppConfig):
    name = "todos"

    def ready(self) -> None:
        from todos import signals
        from todos.exports import archive

        signals.connect()
        archive.register()
