"""The stack on one machine: embedded servers, the Procfile's processes, sample photographs."""
