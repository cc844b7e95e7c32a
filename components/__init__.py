"""What can be built. Nothing here knows of stacks, configuration or environments."""
