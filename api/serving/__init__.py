"""How gunicorn serves the API, and slow clients."""
