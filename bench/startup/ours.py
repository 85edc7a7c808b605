"""Our application as `specialty-eval serve` makes it, without the command around it: for a server of its own."""

import gc
import os
from pathlib import Path

from specialty_eval.app import create_app

app = create_app(os.environ["DATABASE_URL"], Path("."))
gc.freeze()  # as `serve` does
