"""The built-in corpus: our own sentences and values, made from a grammar of intents in YAML.

``grammar/`` holds steps, phrases and slot values as text; ``grammar.py`` and ``slots.py`` read it,
``plan.py`` and ``shapes.py`` compose steps into typed plans, ``build.py`` makes the program of a
plan, ``speak.py`` and ``style.py`` its prompts, and ``make.py`` the whole corpus with its splits.
"""
