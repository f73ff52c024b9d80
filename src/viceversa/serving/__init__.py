"""Services on top of trained models: the studio, which is a page in the browser, and the HTTP service."""
