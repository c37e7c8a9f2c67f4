"""Synthetic faces: drawn cartoons with the attributes of CelebA, a module for each part of one."""
