"""How a deployment stands: its workers, its queues, what waits and why."""
