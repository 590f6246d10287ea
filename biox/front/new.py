"""``biox new``: a study file in which everything is explained."""
import argparse


def new(options: argparse.Namespace) -> None:
    """Begin a study: write a settings file in which everything is explained."""
    raise NotImplementedError
