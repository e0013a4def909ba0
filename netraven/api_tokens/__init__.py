"""API tokens: what each is for, and what it may do."""
