"""What keeps an installation small and sound: retention, log pruning, orphan files, verification.

Each is a `Chore` (steps.py): it goes through its records step by step, and says after each step where it is. A run of
it is a Job (runs.py), as a system task in slices (slices.py) or as a command in one go.
"""
