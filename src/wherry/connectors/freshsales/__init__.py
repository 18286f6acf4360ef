"""Freshsales, the destination: `connector` is what the entry point names, `open_destination` what it opens."""

from wherry.connectors.freshsales.destination import FreshsalesDestination, open_destination
from wherry.connectors.freshsales.probe import Check

connector = open_destination

__all__ = ["Check", "FreshsalesDestination", "connector", "open_destination"]
