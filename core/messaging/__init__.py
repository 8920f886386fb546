"""Queues, tasks, and which workers are there to take them."""
