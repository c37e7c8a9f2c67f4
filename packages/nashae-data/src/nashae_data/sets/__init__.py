"""The data sets: a module for each, or a folder where one module would be too long."""
