"""What a pull request changes in a stack, for who has to approve it."""
