"""Stands in for the API where a test is about the stack around it: it is ready as soon as it answers. Or it hangs."""

import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if "hang" in sys.argv:
            time.sleep(60)
        self.send_response(200)
        self.end_headers()


host, port = os.environ["LIKENESS_API_BIND"].split(":")
HTTPServer((host, int(port)), Ready).serve_forever()
