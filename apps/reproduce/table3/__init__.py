"""Table 3: TAD on faces."""
