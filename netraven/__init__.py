"""NetRaven, the project: settings, URLs and what all parts share."""
