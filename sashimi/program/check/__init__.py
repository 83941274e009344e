"""What may be wrong with a program: scope, catalogue rules, validation, analyses."""
