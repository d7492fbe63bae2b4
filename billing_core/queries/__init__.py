"""One question each: a dataclass, a function, and a statement that can be pasted into psql."""
