"""How fast Ownlist is, measured beside the bare limit: `make bench`.

`docs/performance.md` says what the figures mean and how to read them.
"""
