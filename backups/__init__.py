"""Jobs, backups and their log."""
