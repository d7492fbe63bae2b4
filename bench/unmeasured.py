"""A figure that cannot be had here, and why: the report then says null and this sentence."""


class UnmeasuredError(Exception):
    """Something that a measurement needs is missing on this machine."""
