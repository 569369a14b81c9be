"""No lock goes below a release that fixed a known vulnerability.

This needs no database: it also holds where nothing can be asked. A floor is raised in
the commit that fixes a vulnerability, so that `make lock` cannot bring it back.
"""

import pytest
from packaging.version import Version

from tests.supply_chain.locks import read_lock

FLOORS = {
    # CVE-2025-57833, -59681, -64459, -13372, -13473, CVE-2026-1287, -1312, -3902,
    # -33033, -33034, -4277, -4292, -5766, -15307
    "django": "5.2.19",
    "djangorestframework": "3.15.2",  # CVE-2024-21520
    "djangorestframework-simplejwt": "5.5.1",  # CVE-2024-22513
    # CVE-2022-29217, CVE-2026-32597, -48523, -48524, -48525, GHSA-75c5-xw7c-p5pm
    "pyjwt": "2.13.0",
    "django-allauth": "65.13.0",  # CVE-2025-65430, -65431
    "cryptography": "44.0.1",  # CVE-2024-12797
    "sqlparse": "0.5.0",  # CVE-2024-4340
    "requests": "2.32.4",  # CVE-2024-47081
    "urllib3": "2.5.0",  # CVE-2025-50181, -50182
    "certifi": "2024.7.4",  # CVE-2024-39689
    "idna": "3.7",  # CVE-2024-3651
}
LOCKS = ["requirements.txt", "requirements-dev.txt"]


def below(lock, floors):
    """Return the pins of `lock` that are older than the floor of their package."""
    return [
        f"{name} {pin.version}"
        for name, floor in floors.items()
        for pin in lock.get(name, [])
        if Version(pin.version) < Version(floor)
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_no_pin_is_below_its_floor(name):
    assert below(read_lock(name), FLOORS) == []


def test_a_pin_below_its_floor_is_reported():
    floors = dict.fromkeys(FLOORS, "9999")

    found = below(read_lock("requirements.txt"), floors)

    assert len(found) == len(FLOORS)
