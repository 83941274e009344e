"""The decoder without a prompt: can it write a sequence whose tokens lie in its input vector?"""
