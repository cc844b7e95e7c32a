"""The sandbox's ``kubernetes`` provider: objects and Helm releases, with the genuine provider's decisions."""
