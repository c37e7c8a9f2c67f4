"""The apps that combine the packages: train, figures, reproduce, benchmark, conformance."""
