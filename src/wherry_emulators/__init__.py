"""Imitations of the two systems, for rehearsal, demo and tests; they share no code with wherry."""
