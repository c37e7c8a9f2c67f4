"""Our models, trainings and scores beside the code of the NashAE authors, read from a checkout."""
