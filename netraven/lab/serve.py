"""`make serve`: the console on http://127.0.0.1:8000, with the demo's data, its simulated network and a worker."""

import os
import signal
import sys

from netraven.lab import playground

ADDRESS = os.environ.get("NETRAVEN_SERVE", "127.0.0.1:8000")


def main() -> int:
    """Serve until interrupted."""
    folder = playground.configure(fresh=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that what was started here ends with it
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    password = playground.ensure_admin(folder)
    web = ("manage.py", "runserver", "--noreload", "--insecure", ADDRESS)
    with (
        playground.simulated_network(folder),
        playground.worker(folder),
        playground.running(folder / "web.log", *web) as server,
    ):
        print(f"NetRaven is on http://{ADDRESS}/ : log in as admin, password {password}. Stop with Ctrl-C.", flush=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            return 0
    sys.exit(f"netraven: the web server ended (is {ADDRESS} in use?); see {folder / 'web.log'}")


if __name__ == "__main__":
    sys.exit(main())
