"""Multi-turn editing: images that any editor edited in several turns, made by a protocol, and measured for drift."""
