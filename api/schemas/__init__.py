"""What goes in and out over HTTP: the one source of validation and of the OpenAPI document."""
