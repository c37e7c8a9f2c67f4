"""A model that is one thing: networks, normalisation and what was learned, from data to disk."""
