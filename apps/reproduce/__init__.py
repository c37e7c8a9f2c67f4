"""All recipes of a table: train, score, draw, and a report beside the paper's numbers."""
