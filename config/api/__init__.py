"""The conventions every endpoint shares. Nothing here knows an app."""
