"""A small dental clinic that never existed, written down as an export bundle."""
