"""A strict imitation of the documented Freshsales (Freshworks CRM) REST API, in a process of its own."""
