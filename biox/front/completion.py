"""Completion of commands, options and studies by the shell: argcomplete, which asks biox itself what fits."""

import argparse
from typing import Any

SHELLS = ("bash", "zsh", "fish")
# Where each shell reads it from.
PLACES = {
    "bash": 'eval "$(biox completion bash)"   # as a line of ~/.bashrc',
    "zsh": 'eval "$(biox completion zsh)"   # as a line of ~/.zshrc, after compinit',
    "fish": "biox completion fish > ~/.config/fish/completions/biox.fish",
}


def completion(options: argparse.Namespace) -> None:
    """Print what makes a shell complete commands, options and studies."""
    from argcomplete.shell_integration import shellcode

    print(f"# {PLACES[options.shell]}")
    print(shellcode(["biox"], shell=options.shell))


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks what fits, and end."""
    import argcomplete

    argcomplete.autocomplete(parser)


def study_names(parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """The studies in the folder that ``--config`` names; the words are those of argcomplete."""
    from biox.core.study_files import studies_in

    return studies_in(parsed_args.config)
