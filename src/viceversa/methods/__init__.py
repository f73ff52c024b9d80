"""Methods, one file for each paper: its settings, and a function `build(space, settings) -> Method`."""
