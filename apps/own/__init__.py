"""The command `nashae`: data of one's own, from a file to a model, a count, a comparison."""
