"""Our speed beside plain references, in one process."""
