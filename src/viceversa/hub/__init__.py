"""Push models to the Hugging Face Hub: the files of a repository, its card, and the upload. Downloads are in runs/hub.py."""
