"""The stacks: what their settings say, and how the platform is put together from components."""
