"""What the Pulumi engine talks to: the sandbox's resource providers and its Python language host."""
