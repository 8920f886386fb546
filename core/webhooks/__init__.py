"""What is announced to whom: events, deliveries, and where a callback may go."""
