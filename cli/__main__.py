"""Lets `python -m cli` be `marginbook`: how `up` starts its parts, wherever the console script lies."""

from cli import main

main()
