"""The settings of the attacked server: all bodies arrive in time."""

from tests.served_settings import *  # noqa: F403

BODY_SECONDS = 20
