"""The files of `deploy/`, tried with the real programs."""
