"""The sandbox's whole state: one clock, one account, its objects and the events that told of every change."""

import hashlib
import json
from typing import Any

from ingestion.stripe.sandbox.agenda import Agenda
from ingestion.stripe.sandbox.errors import missing

Object = dict[str, Any]

API_VERSION = "2026-10-28.endive"
LIVEMODE = False
ID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 24


class Sandbox:
    """One Stripe test account. The same requests in the same order always lead to the same state.

    Wall time never enters: `now` (Unix seconds) moves only when a test clock is advanced.
    """

    livemode = LIVEMODE

    def __init__(self, *, now: int) -> None:
        self.now = now
        self.started = now
        self.request_id: str | None = None
        self.idempotency_key: str | None = None
        self._numbers: dict[str, int] = {}
        self._objects: dict[str, dict[str, Object]] = {}
        self._deleted: dict[str, Object] = {}
        self.agenda = Agenda()
        self.notes: dict[str, dict[str, Any]] = {}  # What Stripe knows but shows in no object, by subject and id.
        self.account_id = self.new_id("acct")

    def new_id(self, prefix: str) -> str:
        """Return the next id of a prefix; as Stripe's, ids do not sort by their age."""
        number = self._numbers.get(prefix, 0) + 1
        self._numbers[prefix] = number
        left = int.from_bytes(hashlib.sha256(f"{prefix}:{number}".encode()).digest(), "big")
        letters = []
        for _ in range(ID_LENGTH):
            left, letter = divmod(left, len(ID_LETTERS))
            letters.append(ID_LETTERS[letter])
        return f"{prefix}_{''.join(letters)}"

    def objects(self, kind: str) -> dict[str, Object]:
        """Return the living objects of a kind (Stripe's object name) by id, oldest first."""
        return self._objects.setdefault(kind, {})

    def put(self, kind: str, obj: Object) -> Object:
        """Keep an object, new or changed, and return it."""
        self.objects(kind)[obj["id"]] = obj
        return obj

    def get(self, kind: str, object_id: str, *, param: str | None = None) -> Object:
        """Return an object; refuse an unknown or deleted one: 404, or 400 when the id came in a parameter."""
        found = self.objects(kind).get(object_id)
        if found is None:
            raise missing(kind, object_id, param=param or "id", status=404 if param is None else 400)
        return found

    def delete(self, kind: str, object_id: str) -> Object:
        """Take an object out of its lists and return what is left of it: `{id, object, deleted: true}`."""
        self.get(kind, object_id)
        del self.objects(kind)[object_id]
        self._deleted[object_id] = {"id": object_id, "object": kind, "deleted": True}
        return self._deleted[object_id]

    def deleted(self, object_id: str) -> Object | None:
        """Return what is left of a deleted object, or None."""
        return self._deleted.get(object_id)

    def copy(self, obj: Any) -> Any:
        """Return an object, or a list of them, as its JSON says it: nothing is shared with the original."""
        return json.loads(as_json(obj))

    def find_copy(self, object_id: str) -> Object | None:
        """Return a copy of the object with an id, of whatever kind, living or deleted; or None."""
        for objects in self._objects.values():
            if object_id in objects:
                found: Object = self.copy(objects[object_id])
                return found
        return self._deleted.get(object_id)

    def fingerprint(self) -> str:
        """Return a hash of everything that this account holds: equal states, equal fingerprints."""
        state = [self.now, self._numbers, self._objects, self._deleted, self.notes, repr(self.agenda)]
        return hashlib.sha256(as_json(state).encode()).hexdigest()

    def emit(self, event_type: str, obj: Object, previous_attributes: Object | None = None) -> None:
        """Tell of a change: an event with the object as it is at this instant.

        Most events are never read, so their `data` stay text until they are; see `events.told`.
        """
        data: Object = {"object": obj}
        if previous_attributes is not None:
            data["previous_attributes"] = previous_attributes
        event = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": as_json(data),
            "livemode": LIVEMODE,
            "pending_webhooks": 0,
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": event_type,
        }
        self.put("event", event)


def as_json(value: Any) -> str:
    """Write JSON as Stripe does: decimals as text."""
    return json.dumps(value, separators=(",", ":"), default=str)


def changed(obj: Object, changes: Object) -> Object:
    """Apply changes to an object and return its previous values of what really changed, for `emit`."""
    previous = {name: obj.get(name) for name, value in changes.items() if obj.get(name) != value}
    obj.update(changes)
    return previous
