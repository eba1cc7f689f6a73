"""Who holds which triggers, and what becomes of what is told of them."""
