"""Train, export, measure and index from a checkout; nothing of it is installed."""
