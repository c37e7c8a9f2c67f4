"""Scores of binary attributes: TAD and the AUROC of each latent."""
