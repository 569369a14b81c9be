"""Times of day as the user's clock shows them, for every page and mail."""

from datetime import time

from accounts.models import User


def time_words(at: time, clock: str) -> str:
    """Return the time for a clock of `User.TimeFormat`: `17:30`, or `5:30 pm`.

    Seconds are shown only if there are any.
    """
    seconds = f":{at:%S}" if at.second else ""
    if clock == User.TimeFormat.HOURS_12:
        half = "am" if at.hour < 12 else "pm"
        return f"{at.hour % 12 or 12}:{at:%M}{seconds} {half}"
    return f"{at:%H:%M}{seconds}"
