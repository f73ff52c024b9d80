"""Neural style transfer: a picture with the content of one image and the style of others (arXiv 1508.06576)."""
