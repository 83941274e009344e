"""The built-in corpus: our own sentences and values, made from a grammar of intents in YAML.

``grammar/*.yaml`` holds steps, phrases and slot values as text; ``grammar.py`` reads it, ``plan.py``
composes steps into typed plans, ``build.py`` makes the program of a plan, ``speak.py`` and
``style.py`` its prompts, and ``make.py`` the whole corpus with its splits.
"""
