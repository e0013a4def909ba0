"""REST API of schedules."""
