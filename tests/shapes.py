"""The checker of annotations while tests run: an int is a float, as type checkers have it."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
