"""Backups that run by themselves."""
