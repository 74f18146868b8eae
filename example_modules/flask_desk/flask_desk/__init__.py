"""An application on Flask: the status of its modules over HTTP."""

from __future__ import annotations

from flask_desk.application import create_app
from flask_desk.extension import Perdure

__all__ = ["Perdure", "create_app"]
