"""`make bench`: what a backup costs beyond NAPALM's own work, measured side by side; docs/performance.md reads it."""
