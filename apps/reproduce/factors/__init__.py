"""Beyond the paper: how many factors a data set has, and a latent for each."""
