"""How long the API and the pages take to answer over a large installation: see docs/performance.md."""
