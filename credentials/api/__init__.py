"""REST API of the credentials."""
