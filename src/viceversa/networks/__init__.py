"""Networks, and the adapters that give all generators and all discriminators the same call."""
