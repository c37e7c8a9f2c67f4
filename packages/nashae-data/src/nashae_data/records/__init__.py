"""What a data set is: observations beside factors or attributes, and where they come from."""
