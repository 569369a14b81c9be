"""Exports of everything that a user has: one module for each format."""
