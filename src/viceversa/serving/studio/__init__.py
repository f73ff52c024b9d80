"""The studio: a local page in the browser to translate images, chain edits, paint styles, and watch trainings."""
