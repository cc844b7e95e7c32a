"""What the platform is and what it costs, from its resource graph."""
