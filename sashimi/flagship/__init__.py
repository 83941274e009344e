"""The neural half: one module per arrow of the way from a prompt to a compiled Shortcut."""
