"""Methods, one paper a file: settings, and `build(space, settings) -> Method`."""
