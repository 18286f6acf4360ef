"""The nouns of a migration and the ports between its parts; imports nothing else of ours."""
