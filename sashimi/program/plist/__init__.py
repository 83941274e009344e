"""Tree to plist and back, and plists to files."""
