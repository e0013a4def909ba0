"""Command line of the credentials."""
