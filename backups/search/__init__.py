"""Search over stored configurations: what is asked (query), where it stands in a text (scan), in which (sources).

`backups.search.searching` puts them together. Each text is read through `backups.secrecy`, so who may not read secrets
searches the masked ones. docs/search.md has the figures that say why there is no index.
"""
