"""Proposals: where a column belongs, how sure that is and why; nothing here is ever applied by itself."""
