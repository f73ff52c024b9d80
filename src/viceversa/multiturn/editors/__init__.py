"""Editors: models, servers, functions and baselines that edit an image by a request, with one common interface."""
