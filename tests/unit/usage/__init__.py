"""Meters of what running launches use, and the sampler that asks them."""
