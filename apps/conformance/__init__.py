"""Our metrics beside the values of disentanglement_lib on codes that anyone can make."""
