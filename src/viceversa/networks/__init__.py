"""Networks, and the adapters that give each of them one call."""
