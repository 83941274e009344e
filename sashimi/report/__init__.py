"""Results read back: tables, the page and the README."""
