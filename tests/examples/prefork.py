"""A server as gunicorn --preload is one: the application is made first, and forked afterwards."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

from werkzeug.serving import make_server

from flask_desk import create_app

app = create_app()
app.extensions["perdure"].ping()  # has a connection, which no child may share
app.after_request(lambda response: response.headers.update({"X-Worker": str(os.getpid())}) or response)
alive, held = os.pipe()  # held by the parent alone: its end is the end of the workers, however it comes
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))


def work() -> None:
    """Serve until asked to end, and end as a process does that is not killed."""
    os.close(held)
    threading.Thread(target=lambda: os.read(alive, 1) or os._exit(1), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    make_server("127.0.0.1", 0, app, threaded=True, fd=listening.fileno()).serve_forever()


workers = []
for _ in range(3):
    if not (worker := os.fork()):
        work()
    workers.append(worker)


def end(*_: object) -> None:
    """Ask the workers to end, and say what became of them."""
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    print("workers ended:", [os.waitpid(worker, 0)[1] for worker in workers], flush=True)  # noqa: T201 - the log is asked
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
signal.pause()
