"""Small things every platform's output needs."""

import time


def asctime(seconds: float) -> str:
    """`Mon Mar  3 04:05:06 2025`, UTC."""
    return time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(seconds))


def clock(seconds: float) -> str:
    """`04:05:06 UTC Mon Mar 3 2025`, the way IOS writes it."""
    moment = time.gmtime(seconds)
    return time.strftime(f"%H:%M:%S UTC %a %b {moment.tm_mday} %Y", moment)
