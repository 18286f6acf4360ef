"""An imitation of AeronaClinic's API, strict where its specification speaks, a setting where it is silent."""
