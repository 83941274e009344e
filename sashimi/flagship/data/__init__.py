"""Corpora, their splits and tensors; prompts outside the domain."""
