"""Cache of images on disk: packed arrays, made once, by several processes."""
