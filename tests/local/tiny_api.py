"""Stands in for the API where a test is about the stack around it: it is ready as soon as it answers."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


host, port = os.environ["LIKENESS_API_BIND"].split(":")
HTTPServer((host, int(port)), Ready).serve_forever()
