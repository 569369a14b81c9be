"""The published evidence of isolation, `docs/isolation.md`: `make isolation`.

The access matrix and the matrix of token scopes request every route. Here their answers
are recorded in three set-ups, and written down.
"""
