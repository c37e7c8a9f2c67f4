"""Synthetic faces: drawn cartoons with the attributes of CelebA, a module for each part of one."""

from nashae_data.sets.faces.dataset import synthetic_faces
from nashae_data.sets.faces.sheet import face_sheet
from nashae_data.sets.faces.tree import write_celeba_tree

__all__ = ["face_sheet", "synthetic_faces", "write_celeba_tree"]
