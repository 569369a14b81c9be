"""The settings of the attacked server: tokens that outlive a slow run of the tests."""

from datetime import timedelta

from tests.served_settings import *  # noqa: F403
from tests.served_settings import SIMPLE_JWT

SIMPLE_JWT = {**SIMPLE_JWT, "ACCESS_TOKEN_LIFETIME": timedelta(hours=2)}
BODY_SECONDS = 20
