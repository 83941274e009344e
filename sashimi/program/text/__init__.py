"""Text to tree and back: grammar, parser, renderer, linter."""
