"""Our training steps beside those of the references, in one process: the same numbers first, then time and memory."""
