"""What someone has to do."""

from django.apps import AppConfig


class TodosConfig(AppConfig):
    name = "todos"

    def ready(self) -> None:
        from todos import signals

        signals.connect()
