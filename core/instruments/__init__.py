"""What a process counts and measures, and how Prometheus reads it; what there is stands in docs/observability.md."""
