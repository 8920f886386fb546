"""Several hosts on one machine: a network namespace each, and links that can be cut and slowed."""
