"""Programs that others run without the product: one file each, which imports nothing of it."""
