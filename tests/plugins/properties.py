"""The settings of Hypothesis for all tests of properties.

They don't depend on the speed of the machine, and every run tries the same examples: a
test that fails in one run fails in the next.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ownlist",
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.data_too_large,
        # A test that uses a fixture of the database restores what it needs itself.
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)
settings.load_profile("ownlist")
