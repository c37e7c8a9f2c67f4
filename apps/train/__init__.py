"""Train one recipe into a run folder."""
