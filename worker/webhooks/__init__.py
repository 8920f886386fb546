"""Delivering events: signing, the guard against going where one should not, the schedule, one attempt."""
