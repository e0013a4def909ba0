"""REST API of a user's own tokens."""
