"""What is announced to whom: deliveries, signatures, and where a callback may go."""
