"""An application on FastAPI: the status of its modules over HTTP, and a stream of what becomes of it."""

from fastapi_desk.application import create_app

__all__ = ["create_app"]
