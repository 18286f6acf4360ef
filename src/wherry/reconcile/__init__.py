"""Prove it: pure comparison over what it is handed."""
