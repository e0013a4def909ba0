"""Telling people and programs what happened: see docs/notifications.md.

`noticing` finds what is new in the records and writes deliveries; `sending` carries them out: `messages` says what is
told, `mail` and `webhook` take it there. `addresses` says where to, and `signing` proves where it came from.
"""
