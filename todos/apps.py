"""The app of lists, tasks and labels."""

from django.apps import AppConfig


class TodosConfig(AppConfig):
    name = "todos"

    def ready(self) -> None:
        from todos import signals

        signals.connect()
