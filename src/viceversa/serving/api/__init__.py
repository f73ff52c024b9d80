"""The HTTP service: translations, chains and style transfer over HTTP, with batches across requests."""
