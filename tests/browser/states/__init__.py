"""The states of the pages, one module for each area. See `tests.browser.registry`."""
