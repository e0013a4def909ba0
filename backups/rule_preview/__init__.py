"""What another list of a platform's patterns would do, reckoned from stored history before it is saved.

Nothing is recorded, and everything is bounded: the newest first, until the time is up. New patterns run in a process of
their own (`backups.own_patterns`): nobody has tried yet how fast they are.
"""
