"""Images: reading and writing files, sizes, bit depths, layers, drawings on paper, and pictures made of several images."""
