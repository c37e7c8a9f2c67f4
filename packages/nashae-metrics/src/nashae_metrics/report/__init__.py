"""All metrics of some codes: evaluated, and written as tables and pages."""
