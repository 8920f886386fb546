"""How fast the service is, beside the engine alone and its peers: `make bench`."""
