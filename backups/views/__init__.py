"""The pages: devices, their history, one configuration, what changed between two, and a job as it runs."""
