"""Logging, metrics, health: how GoFlow tells about itself. Knows nothing of what is told."""
