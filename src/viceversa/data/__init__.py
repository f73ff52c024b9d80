"""Sources of data, one a file, and the cache they are packed into."""
