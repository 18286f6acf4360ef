"""One way of talking HTTP to other people's systems: paced, patient, and silent about values."""
