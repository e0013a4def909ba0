"""What programs ask that watch NetRaven: `/healthz`, `/readyz` and `/metrics` (docs/monitoring.md)."""
