"""nbval compares text; here the intervals that a cell prints are compared as numbers first."""

from functools import wraps

from nbval.plugin import IPyNbCell

from sashimi import agree

exact = IPyNbCell.compare_outputs


@wraps(exact)
def within_intervals(cell, test, ref, skip_compare=None):
    return exact(cell, agree.outputs(test, ref), ref, skip_compare)


IPyNbCell.compare_outputs = within_intervals
