"""Images kept on disk: packed arrays, made once, by several processes."""
