"""Other people's systems: one package each, none of which knows another."""
