"""Log-ins for network devices, their secrets encrypted at rest."""
