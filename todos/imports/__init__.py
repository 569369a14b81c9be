"""Imports of tasks from files: one module for each format."""
