"""The version of Ownlist, as in `pyproject.toml`, which a deployment may lack."""

VERSION = "0.1.0"
