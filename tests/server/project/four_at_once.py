"""Two web processes of two threads, whose page is answered once four have asked for it.

Run as `four_at_once.py ADDRESS:PORT FOLDER`; a request names its round in the query.
"""

import os
import sys
import time
from pathlib import Path

from rolecall.server.project.config import Web
from rolecall.server.project.web import serve

PATIENCE_S = 60
FOUR = 4


def application(environ, start_response):
    """Wait for the others of the same round; 503 if they do not come."""
    here = Path(os.environ["FOLDER"]) / environ["QUERY_STRING"]
    here.mkdir(exist_ok=True)
    here.joinpath(os.urandom(8).hex()).touch()
    until = time.monotonic() + PATIENCE_S
    while len([*here.iterdir()]) < FOUR:
        if time.monotonic() > until:
            start_response("503 Service Unavailable", [])
            return [b"they did not come"]
        time.sleep(0.01)
    start_response("200 OK", [])
    return [b"all four"]


if __name__ == "__main__":
    os.environ["FOLDER"] = sys.argv[2]
    serve(Web(bind=sys.argv[1], processes=2), "four_at_once.application")
