"""NetRaven in numbers, for Prometheus: read from the records when it asks. docs/monitoring.md says what they mean."""
