"""Move a clinic from AeronaClinic to Freshsales, prove it, and take it back."""
