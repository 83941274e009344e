"""What things cost on this machine, one module a subject; rows of what, value, unit and n."""
