"""One module a subject of the API: what may be called, and what is answered."""
