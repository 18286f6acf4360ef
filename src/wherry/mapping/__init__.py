"""Decide how fields correspond and how a record becomes a destination record; pure."""
