"""How long tests wait before they fail.

For something that takes milliseconds or seconds on an idle machine. Another machine may
be five times as slow, and busy; a test that passes never waits for so long.
"""

PATIENCE = 240  # seconds
