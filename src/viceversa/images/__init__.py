"""Images: files read and written, sizes, depths, layers, paper, and pictures of many."""
