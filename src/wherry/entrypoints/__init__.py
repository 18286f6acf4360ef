"""Thin doors: parse, call one verb, print."""
