"""The settings of Hypothesis for all tests of properties.

They don't depend on the speed of the machine, and every run tries the same examples: a
test that fails in one run fails in the next.
"""

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

# Hypothesis also tries the constants of all modules that happen to be loaded, although
# it is told to derandomize: so the examples of a test depended on those before it.
providers._get_local_constants = lambda: providers._local_constants

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
