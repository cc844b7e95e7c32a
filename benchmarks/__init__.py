"""How fast the platform and its sandbox are, measured on the genuine engine: ``make bench``."""
