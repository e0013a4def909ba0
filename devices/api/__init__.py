"""REST API of devices, tags and platforms."""
