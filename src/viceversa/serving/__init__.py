"""Services on top of trained models: the studio, a page in the browser."""
