"""How fast Ownlist is, compared with a minimal server: `make bench`.

`docs/performance.md` explains the figures.
"""
