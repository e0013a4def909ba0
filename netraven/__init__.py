"""NetRaven, the project: settings, URLs and what all parts share."""

__version__ = "0.1.0"  # as in pyproject.toml, which is not there where NetRaven is installed
