"""The typed IR: tokens, tiers, the masks of what is legal, the vocabulary."""
