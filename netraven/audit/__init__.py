"""The audit trail: who changed what, and who read, compared or took away which configuration. See docs/audit.md."""
