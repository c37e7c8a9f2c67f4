"""dSprites: the images, computed, the published files, and the variants."""
