"""Catalogs, mapping and staged facts make a plan; pure."""
