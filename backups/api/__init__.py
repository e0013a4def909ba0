"""REST API of backups and jobs."""
