"""Images that any editor edited in several turns: made by a protocol, read from folders, and measured for drift."""
