"""CelebA: its folder, lists and images."""
