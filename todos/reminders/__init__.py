"""Reminders of tasks: planning, delivery and mail."""
