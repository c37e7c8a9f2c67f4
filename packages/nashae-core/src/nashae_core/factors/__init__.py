"""Beyond the paper: the number of factors in a data set, and one latent for each."""
