"""``biox doctor``: is all that biox needs here?"""

import argparse


def doctor(options: argparse.Namespace) -> int:
    """See whether all that biox needs is here, and what to do where it is not."""
    raise NotImplementedError
