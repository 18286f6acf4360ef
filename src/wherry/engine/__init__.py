"""Carry a plan out; knows ports, not vendors."""
