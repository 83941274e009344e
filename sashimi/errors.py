"""The one exception that means: the caller's input is wrong, and here is what to do about it."""


class BadInput(ValueError):
    """Input that cannot be used. The message names the file, line or key, and the remedy.

    The command line prints it on one line of stderr and exits with code 2.
    """
