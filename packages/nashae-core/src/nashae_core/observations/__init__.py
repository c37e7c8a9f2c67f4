"""What models are trained on: arrays, packed bits, images and streams, read by index."""
