"""The housekeeping process: delivers callbacks, takes up lost jobs, erases what is over. Holds no model."""
