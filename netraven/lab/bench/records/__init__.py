"""The records of a large installation, without its devices: for measuring lists, searches and pages."""
