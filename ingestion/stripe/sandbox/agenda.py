"""What the sandbox has to do at which instant: the earliest first, and at one instant in the order it was noted."""

import heapq
from dataclasses import dataclass, field
from typing import NamedTuple


class Task(NamedTuple):
    """Look at one object at one instant; whether anything is still due there is for the object's own rules to say."""

    at: int
    number: int
    kind: str
    object_id: str


@dataclass
class Agenda:
    """A queue of tasks by time; none is taken back: the rule that it wakes finds nothing due, and does nothing."""

    _tasks: list[Task] = field(default_factory=list)
    _count: int = 0

    def note(self, at: int, kind: str, object_id: str) -> None:
        """Have the object looked at when the clock reaches the instant."""
        self._count += 1
        heapq.heappush(self._tasks, Task(at, self._count, kind, object_id))

    def next_until(self, at: int) -> Task | None:
        """Take the first task that is due by the instant (which is included), or None."""
        if not self._tasks or self._tasks[0].at > at:
            return None
        return heapq.heappop(self._tasks)
