"""The rows behind every number: the list of events, and one event with its multiplication."""
