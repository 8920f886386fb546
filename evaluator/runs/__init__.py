"""A run from its plan to its report: planning, assembling, measuring, calibrating."""
